"""Events are read as they are stored, without any class."""

import json
from uuid import uuid4

import pytest

from sourcery import EventStore, metadata
from sourcery.errors import InvalidArgument, InvalidName
from sourcery.upkeep import check_store, find_stored, follow_stored, schema_state, stored_events
from tests.domain import ADA, BOB, ORDER, Deposited, Opened, Placed, append


@pytest.fixture
def three(store: EventStore) -> EventStore:
    """A store without classes, in which others wrote."""
    append(store, ADA, [Opened("Ada"), Deposited(1)])
    with metadata(correlation_id="c"):
        append(store, ORDER, [Placed("pen")])
    return store


def test_all_kinds_are_given_as_json(three: EventStore) -> None:
    """Parsed, and to the letter."""
    first, *others = stored_events(three)
    assert ({"owner": "Ada"}, {"amount": 1}) == (first.event, others[0].event)
    assert {"owner": "Ada"} == json.loads(first.data)
    assert ["account.deposited", "order.placed"] == [recorded.kind for recorded in others]


def test_they_are_narrowed(three: EventStore) -> None:
    """By stream, kind, category, correlation and place."""
    options: list[dict[str, object]] = [
        {"kinds": ["order.placed"]},
        {"categories": ["order"]},
        {"correlation_id": "c"},
        {"correlation_id": "c", "limit": 1},
        {"stream": ORDER},
        {"after": 2},
        {"backward": True, "limit": 1},
    ]
    for chosen in options:
        assert [3] == [e.position for e in stored_events(three, **chosen)]  # type: ignore[arg-type]
    assert [] == list(stored_events(three, BOB))


def test_they_are_followed(three: EventStore) -> None:
    """A stream by its place in the log."""
    assert [1, 2, 3] == [e.position for e in follow_stored(three, timeout=0)]
    assert [1, 2] == [e.position for e in follow_stored(three, ADA, timeout=0)]
    assert [3] == [e.position for e in follow_stored(three, correlation_id="c", timeout=0)]


def test_one_is_found_by_its_id(three: EventStore) -> None:
    """Or is not there."""
    [_, second, _] = stored_events(three)
    found = find_stored(three, str(second.event_id))
    assert found is not None
    assert (2, {"amount": 1}) == (found.position, found.event)
    assert find_stored(three, uuid4()) is None


def test_nonsense_is_refused(store: EventStore) -> None:
    """Typed, before anything is asked."""
    with pytest.raises(InvalidArgument, match="event_id"):
        find_stored(store, "x")
    with pytest.raises(InvalidArgument, match="kinds"):
        stored_events(store, kinds="order.placed")
    with pytest.raises(InvalidName):
        stored_events(store, kinds=[""])
    with pytest.raises(InvalidArgument, match="limit"):
        stored_events(store, limit=-1)


def test_a_store_says_its_state(store: EventStore) -> None:
    """And is fit to be used."""
    state = schema_state(store)
    assert (True, store.database.identity.store_id) == (state.is_usable, state.store_id)
    check_store(store)
