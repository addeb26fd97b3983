"""Reads that make no sense are refused at the call, not at the first event."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from sourcery import EventStore, Stream
from sourcery.errors import DefinitionError, InvalidArgument, InvalidName, SourceryError
from tests.domain import ADA, Account, Deposited, Opened, Order

pytestmark = pytest.mark.promise(10)

REFUSED = [
    ({"after": 1}, True, "after"),
    ({"to": 5}, True, "after"),
    ({"from_version": 2}, False, "from_version"),
    ({"to_version": 2}, False, "from_version"),
    ({"from_version": 0}, True, "from_version"),
    ({"from_version": -1}, True, "from_version"),
    ({"from_version": True}, True, "from_version"),
    ({"to_version": -1}, True, "to_version"),
    ({"to_version": "3"}, True, "to_version"),
    ({"to_version": 2**70}, True, "to_version"),
    ({"after": -1}, False, "after"),
    ({"after": None}, False, "after"),
    ({"after": 2**63}, False, "after"),
    ({"after": 1.5}, False, "after"),
    ({"to": -1}, False, "to"),
    ({"to": 10**30}, False, "to"),
    ({"limit": -1}, False, "limit"),
    ({"limit": 2.0}, False, "limit"),
    ({"until": datetime(2026, 1, 1)}, False, "until"),  # noqa: DTZ001 - the point
    ({"until": "2026-01-01"}, False, "until"),
    ({"categories": "account"}, False, "categories"),
]


@pytest.fixture
def shop() -> Iterator[EventStore]:
    """A store whose database nobody ever reaches."""
    with EventStore("postgresql://127.0.0.1:1/none", aggregates=[Account, Order]) as store:
        yield store


@pytest.mark.parametrize(("arguments", "of_stream", "named"), REFUSED)
def test_bad_bounds_are_refused(
    shop: EventStore, arguments: dict[str, Any], of_stream: bool, named: str
) -> None:
    """The error names the argument."""
    with pytest.raises(InvalidArgument) as caught:
        shop.read(ADA if of_stream else None, **arguments)
    assert named == caught.value.argument


@pytest.mark.parametrize("stream", ["account/ada", ("account", "ada"), 1])
def test_a_stream_is_a_stream(shop: EventStore, stream: Stream) -> None:
    """Text would be ambiguous."""
    with pytest.raises(SourceryError):
        shop.read(stream)


def test_one_stream_has_one_category(shop: EventStore) -> None:
    """A filter beside a stream would be silently empty."""
    with pytest.raises(InvalidArgument):
        shop.read(ADA, categories=["order"])


def test_a_category_that_cannot_be_stored_cannot_be_read(shop: EventStore) -> None:
    """The same rules as for writing."""
    with pytest.raises(InvalidName):
        shop.read(categories=["account", ""])


@pytest.mark.parametrize("events", [[Opened, Deposited], "account.opened", int, None | int])
def test_events_are_a_union_of_event_classes(shop: EventStore, events: object) -> None:
    """A list, a kind, or a class without one is refused."""
    with pytest.raises(DefinitionError):
        shop.read(events=events)


def test_a_store_that_declares_nothing_must_be_told() -> None:
    """Reading nothing at all would look like an empty log."""
    with EventStore("sqlite://") as store, pytest.raises(InvalidArgument, match="events"):
        store.read()
