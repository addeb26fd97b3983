"""What a rebuild would do again is refused."""

from typing import Any

import pytest

from sourcery import ErrorPolicy, EventStore, UnitOfWork
from sourcery.errors import ConsumerFailed, EffectRefused
from tests.domain import ADA, Account, Deposited, events_stored, messages_stored
from tests.read_models.support import add_up, deposit, first, held
from tests.subscriber.support import policy


def publishes(uow: UnitOfWork) -> None:
    """A message."""
    uow.publish("paid", payload=1)


def appends(uow: UnitOfWork) -> None:
    """An event."""
    uow.append(ADA, [Deposited(1)])


def records(uow: UnitOfWork) -> None:
    """A command on an aggregate."""
    uow.get(Account, "ada").deposit(1)


def joins(store: EventStore) -> Any:
    """A unit that joined the page's transaction."""

    def act(uow: UnitOfWork) -> None:
        with UnitOfWork(store, session=uow.session) as joined:
            publishes(joined)

    return act


@pytest.mark.parametrize("act", [publishes, appends, records, "joins"])
def test_a_handler_has_no_effects(bank: EventStore, act: Any) -> None:
    """Its page is rolled back, and the error says what to do."""
    deposit(bank, "ada", 5)
    effect = joins(bank) if act == "joins" else act

    def handle(uow: Any, recorded: Any, tables: Any) -> None:
        add_up(uow, recorded, tables)
        effect(uow)

    model = first(bank, handle, on_error=policy("stop"))
    with pytest.raises(ConsumerFailed, match="a Subscriber of its own") as caught:
        model.build()
    assert isinstance(caught.value.__cause__, EffectRefused)
    assert ({}, 1, 0) == (held(bank, model), events_stored(bank), messages_stored(bank))


def test_it_is_not_tried_again(bank: EventStore) -> None:
    """The same code would do the same: no back-off comes before the error."""
    deposit(bank, "ada", 5)
    waits = ErrorPolicy("stop", retries=5, wait=3600, longest_wait=3600)
    model = first(bank, lambda uow, recorded, tables: publishes(uow), on_error=waits)
    with pytest.raises(ConsumerFailed, match="EffectRefused"):
        model.build()


def test_it_may_read_anything(bank: EventStore) -> None:
    """Also aggregates."""
    deposit(bank, "ada", 5)
    owners: list[int] = []

    def handle(uow: Any, recorded: Any, tables: Any) -> None:
        owners.append(uow.get(Account, recorded.stream.id).balance)

    first(bank, handle).build()
    assert [5] == owners
