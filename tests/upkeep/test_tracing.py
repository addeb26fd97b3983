"""What came of one correlation: events and messages, with their causes."""

import pytest

from sourcery import EventStore, UnitOfWork, metadata
from sourcery.errors import InvalidName
from sourcery.upkeep import Log, trace
from tests.domain import ADA, BOB, Deposited, append

ODD = 'a/b%c_d"\\é'


def test_events_and_messages_are_found(store: EventStore) -> None:
    """In order of position, each with what caused it."""
    append(store, BOB, [Deposited(0)])
    with (
        metadata(correlation_id="order 7", causation_id="x", actor="ada"),
        UnitOfWork(store) as uow,
    ):
        uow.append(ADA, [Deposited(1)])
        uow.publish("payments", key="ada", payload=1)
    event, message = trace(store, "order 7")
    assert (Log.EVENTS, "account.deposited", "account/ada") == (event.log, event.name, event.place)
    assert (Log.OUTBOX, "payments", "ada") == (message.log, message.name, message.place)
    assert ("x", "x", "ada", "ada") == (
        event.causation_id,
        message.causation_id,
        event.actor,
        message.actor,
    )


def test_the_first_event_is_found_by_its_id(store: EventStore) -> None:
    """What has no correlation gives its own id to what it causes."""
    append(store, ADA, [Deposited(1)])
    own = str(next(store.read(ADA, events=Deposited)).event_id)
    with metadata(correlation_id=own, causation_id=own):
        append(store, BOB, [Deposited(2)])
    assert [(1, None), (2, own)] == [(x.position, x.causation_id) for x in trace(store, own)]


@pytest.mark.parametrize("other", ["a/b", "order 77", "ORDER 7", "order_7", "%", "7"])
def test_what_only_looks_like_it_is_not_found(store: EventStore, other: str) -> None:
    """A part, another case, a placeholder of the database's."""
    with metadata(correlation_id="order 7", actor="7"):
        append(store, ADA, [Deposited(1)])
    assert [] == trace(store, other)


def test_an_odd_id_is_found(store: EventStore) -> None:
    """Whatever JSON and the database make of its characters."""
    with metadata(correlation_id=ODD):
        append(store, ADA, [Deposited(1)])
    assert [1] == [one.position for one in trace(store, ODD)]


def test_at_most_so_many_are_found(store: EventStore) -> None:
    """And what is no id is refused."""
    with metadata(correlation_id="c"):
        append(store, ADA, [Deposited(n) for n in range(5)])
    assert 3 == len(trace(store, "c", limit=3))
    with pytest.raises(InvalidName):
        trace(store, "")
