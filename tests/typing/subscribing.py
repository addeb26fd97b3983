"""Subscribing: the union given is the type of what comes; a start is one of four things."""

from datetime import UTC, datetime
from threading import Event
from typing import Any, assert_type

from sourcery import NOW, ORIGIN, EventStore, Recorded, Subscription
from tests.typing.domain import AccountEvent, Deposited, Opened, Placed


def a_union_is_what_comes(store: EventStore) -> None:
    """An alias, a union on the spot, one class."""
    subscription = store.subscribe(events=AccountEvent)
    assert_type(subscription, Subscription[Opened | Deposited])
    for named in subscription:
        assert_type(named, Recorded[Opened | Deposited])
    assert_type(next(subscription).event, Opened | Deposited)
    for spelt in store.subscribe(events=Opened | Placed, categories=["account"]):
        assert_type(spelt, Recorded[Opened | Placed])
    for alone in store.subscribe(events=Deposited, timeout=0):
        assert_type(alone.event.amount, int)


def the_stores_own_events_are_any(store: EventStore) -> None:
    """The store's declarations are not known to the checker."""
    with store.subscribe(timeout=1.5, stop=Event()) as subscription:
        assert_type(subscription, Subscription[Any])
        assert_type(next(subscription), Recorded[Any])
        assert_type(subscription.position, int)
        assert_type(subscription.caught_up, bool)


def a_start_is_a_position_a_time_or_now(store: EventStore) -> None:
    """And nothing else."""
    for after in (ORIGIN, 7, NOW, datetime(2026, 11, 23, tzinfo=UTC)):
        store.subscribe(after=after, events=Opened)
    store.subscribe(after="now", events=Opened)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    store.subscribe(after=1.5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


def a_list_is_no_union(store: EventStore) -> None:
    """A set of events is written one way."""
    store.subscribe(events=[Opened, Deposited])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


def narrower(store: EventStore) -> Subscription[AccountEvent]:
    """A subscription to fewer events may stand for one to more."""
    opened: Subscription[Opened] = store.subscribe(events=Opened)
    return opened
