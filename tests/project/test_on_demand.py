"""Projections on demand: everything that is settled by now, and nothing else."""

import tracemalloc
from typing import Any

import pytest

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.errors import DecodeError, DefinitionError, InvalidArgument
from tests.domain import Remarked
from tests.live.projections import History, OfNumber, OfThing, OfThings
from tests.live.test_memory import EVENTS, MEGABYTE, fill
from tests.live.test_memory import Count as RemarkCount
from tests.ordering.support import append
from tests.project.support import append_to, change_event, reading_pages, stored


@pytest.fixture
def mixed(store: EventStore) -> EventStore:
    """Two categories, two ids, two kinds."""
    append(store, "a", 2)
    append_to(store, "other", 0, 5)
    append_to(store, "third", 6)
    with UnitOfWork(store) as uow:
        uow.append(Stream("thing", "a"), [Remarked("of another kind")])
    append(store, "b")
    append(store, "a")
    return store


CASES = [
    pytest.param(History, [], [1, 2, 3, 4, 5, 7, 8], [1, 2, 3, 4, 5, 7, 8], id="single"),
    pytest.param(OfThings, [], [1, 2, 7, 8], [1, 2, 7, 8], id="category"),
    pytest.param(OfThing, ["a"], [1, 2, 3, 4, 8], [1, 2, 3, 4, 8], id="stream"),
    pytest.param(OfNumber, [0], [1, 3, 7, 8], [1, 2, 3, 4, 5, 7, 8], id="python"),
]


@pytest.mark.parametrize(("projection", "arguments", "expected", "read"), CASES)
def test_an_instance_is_folded_from_its_own_events(
    mixed: EventStore,
    projection: type[History],
    arguments: list[Any],
    expected: list[int],
    read: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kinds, categories and streams are selected by the database, all else in Python."""
    with reading_pages(monkeypatch) as reading:
        state = mixed.project(projection, *arguments)
    assert (expected, 8) == (state.positions, state.position)
    assert read == reading.positions


def test_of_an_empty_log(store: EventStore) -> None:
    """It is as it begins."""
    state = store.project(History)
    assert ([], 0, "") == (state.positions, state.position, state.id)


def test_of_an_id_that_never_was(store: EventStore) -> None:
    """It is empty as well, and knows how far it looked."""
    append(store, "a", 3)
    state = store.project(OfThing, "nobody")
    assert ([], 3, "nobody") == (state.positions, state.position, state.id)


def test_without_a_policy_nothing_is_stored(store: EventStore) -> None:
    """Snapshots are asked for by a class or a store."""
    append(store, "a", 3)
    store.project(History)
    assert [] == stored(store)


@pytest.mark.parametrize(
    ("projection", "id", "problem"),
    [
        (History, "a", "single projection"),
        (OfThing, "", "has instances"),
    ],
)
def test_an_id_missing_or_too_much_is_refused(
    store: EventStore, projection: type[History], id: str, problem: str
) -> None:
    """Before anything is read."""
    with pytest.raises(InvalidArgument, match=problem):
        store.project(projection, id)


def test_what_is_no_projection_is_refused(store: EventStore) -> None:
    """Typed, not an AttributeError."""
    with pytest.raises(DefinitionError, match="is not a Projection"):
        store.project(dict)  # type: ignore[type-var]


@pytest.mark.promise(48)
def test_an_event_that_cannot_be_read_is_named(store: EventStore) -> None:
    """By its position and the path; its payload is not shown."""
    append(store, "a", 3)
    change_event(store, 2, data='{"number": "secret"}')
    with pytest.raises(DecodeError, match="number") as caught:
        store.project(History)
    assert "secret" not in str(caught.value)


@pytest.mark.promise(30)
@pytest.mark.databases("sqlite", "postgresql")
def test_a_large_log_is_held_by_pages(store: EventStore) -> None:
    """Not as a whole: 2.4 MB of payload alone, and several times that as objects."""
    fill(store)
    store.project(RemarkCount)  # connections, statements and decoders are made once
    tracemalloc.start()
    try:
        assert EVENTS == store.project(RemarkCount).count
        assert tracemalloc.get_traced_memory()[1] < 3 * MEGABYTE
    finally:
        tracemalloc.stop()
