"""Without mappings nothing is spent; with them, the statements that a published message costs."""

import pytest

from sourcery import EventStore, UnitOfWork
from sourcery.mapping import Mappings
from tests.domain import ADA, Deposited, append
from tests.guards.wire import watching
from tests.outgoing.conftest import Opening
from tests.outgoing.support import receipts


def spent(bank: EventStore, events: int, messages: int) -> int:
    """Statements of one unit on the wire."""
    with watching(bank.engine) as wire, UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(1) for _ in range(events)])
        for _ in range(messages):
            uow.publish("receipts", key="ada", payload={"amount": 1})
    return len(wire.statements)


@pytest.mark.parametrize("events", [1, 20])
def test_mapped_messages_cost_what_published_ones_do(opened: Opening, events: int) -> None:
    """They are written together."""
    plain, mapping = opened(), opened(receipts)
    append(plain, ADA, [Deposited(1)])
    append(mapping, ADA, [Deposited(1)])
    assert spent(plain, events, events) == spent(mapping, events, 0)


def test_without_mappings_no_event_is_looked_at(
    opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The append path does not even ask."""
    asked: list[object] = []
    monkeypatch.setattr(Mappings, "messages", lambda *given: asked.append(given))
    append(opened(), ADA, [Deposited(1)])
    assert [] == asked
