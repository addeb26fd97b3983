"""Reading: the union given is the type of what comes."""

from datetime import datetime
from typing import Any, assert_type
from uuid import UUID

from sourcery import EventStore, Metadata, Recorded, Stream
from tests.typing.domain import AccountEvent, Deposited, Opened, Placed


def a_union_is_what_is_read(store: EventStore) -> None:
    """An alias, a union on the spot, one class."""
    for named in store.read(events=AccountEvent):
        assert_type(named, Recorded[Opened | Deposited])
        assert_type(named.event, Opened | Deposited)
    for spelt in store.read(events=Opened | Placed):
        assert_type(spelt, Recorded[Opened | Placed])
    for alone in store.read(Stream("account", 1), events=Deposited):
        assert_type(alone, Recorded[Deposited])
        assert_type(alone.event.amount, int)


def the_stores_own_events_are_any(store: EventStore) -> None:
    """The store's declarations are not known to the checker."""
    for recorded in store.read():
        assert_type(recorded, Recorded[Any])
    for recorded in store.read(Stream("account", "ada"), backward=True, limit=1):
        assert_type(recorded, Recorded[Any])


def a_list_is_no_union(store: EventStore) -> None:
    """A set of events is written one way."""
    store.read(events=[Opened, Deposited])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    store.read(Stream("account", 1), Opened)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def a_match_is_exhaustive(recorded: Recorded[AccountEvent]) -> str:
    """A checker sees that no case is left."""
    match recorded.event:
        case Opened(owner):
            return owner
        case Deposited(amount):
            return str(amount)


def the_envelope_is_typed(recorded: Recorded[AccountEvent]) -> None:
    """Every field of it."""
    assert_type(recorded.event_id, UUID)
    assert_type(recorded.stream, Stream)
    assert_type(recorded.stream.id, str)
    assert_type(recorded.version, int)
    assert_type(recorded.position, int)
    assert_type(recorded.kind, str)
    assert_type(recorded.recorded_at, datetime)
    assert_type(recorded.metadata, Metadata)
    assert_type(recorded.metadata.actor, str | None)


def takes_both(recorded: Recorded[AccountEvent]) -> None:
    """A function for the whole union."""


def one_of_them_is_enough(opened: Recorded[Opened], placed: Recorded[Placed]) -> None:
    """A recorded event of a narrower type may stand for a wider one."""
    takes_both(opened)
    takes_both(placed)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
