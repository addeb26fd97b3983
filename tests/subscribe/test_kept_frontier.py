"""A subscription gives what is there when it is asked, not what was settled when it was made."""

from sourcery import EventStore, UnitOfWork
from tests.domain import ADA, Deposited, append


def test_an_event_after_a_message_is_not_left_out(store: EventStore) -> None:
    """A message alone was settled at the beginning; an event came before the first look."""
    with UnitOfWork(store) as uow:
        uow.publish("payments", payload={})
    subscription = store.subscribe(events=Deposited, timeout=0)
    append(store, ADA, [Deposited(1)])

    assert [Deposited(1)] == [recorded.event for recorded in subscription]
