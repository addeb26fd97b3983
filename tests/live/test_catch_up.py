"""Promise 18, live: what was there and what comes are one fold, without hole or double."""

from typing import Any

import pytest

from sourcery import EventStore, LiveProjection, Stream, UnitOfWork
from tests.live.conftest import Background
from tests.live.projections import History, OfNumber, OfThing, OfThings, read
from tests.ordering.happened import Happened
from tests.ordering.support import append

pytestmark = pytest.mark.promise(18)


def append_to(store: EventStore, category: str, *numbers: int) -> None:
    """Append to a stream of another category than the usual one."""
    with UnitOfWork(store) as uow:
        uow.append(Stream(category, "a"), [Happened(n) for n in numbers])


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 30])
def test_it_has_caught_up_when_it_starts(store: EventStore, count: int) -> None:
    """With nothing there, part of a page, and several whole ones."""
    if count:
        append(store, "a", count)
    with LiveProjection(store, History, page=7) as live:
        state = live.current()
        assert "live" == live.status
    assert list(range(1, count + 1)) == state.positions
    assert count == state.position


def test_there_is_no_seam(store: EventStore, background: Background) -> None:
    """It is started while four writers write: each event is folded in once, in order."""
    writers = [background(write, store, str(n)) for n in range(4)]
    with LiveProjection(store, History, page=3) as live:
        assert live.current().is_whole
        for writer in writers:
            writer.result()
        state = live.read_after(store.now())
    assert read(store, state.position) == state.positions
    assert {f"thing/{n}": 25 for n in range(4)} == state.versions


def write(store: EventStore, stream_id: str) -> None:
    """Many small transactions."""
    for _ in range(25):
        append(store, stream_id)


def test_starting_ends_while_writers_go_on(store: EventStore, background: Background) -> None:
    """Caught up is what was settled at the start; pages may stay full for ever after."""
    writers = [background(write, store, str(n)) for n in range(2)]
    with LiveProjection(store, History, page=1) as live:
        state = live.current()
    assert read(store, state.position) == state.positions
    for writer in writers:
        writer.result()


@pytest.mark.parametrize(
    ("projection", "arguments", "expected"),
    [
        pytest.param(History, [], [1, 2, 3, 4, 5, 6, 7], id="single"),
        pytest.param(OfThings, [], [1, 2, 6, 7], id="category"),
        pytest.param(OfThing, ["a"], [1, 2, 3, 4, 7], id="stream"),
        pytest.param(OfNumber, [0], [1, 3, 6, 7], id="python"),
    ],
)
def test_an_instance_is_folded_from_its_own_events(
    store: EventStore, projection: type[History], arguments: list[Any], expected: list[int]
) -> None:
    """Before the start and after it, and its position passes the others."""
    append(store, "a", 2)
    append_to(store, "other", 0, 5)
    append_to(store, "third", 6)
    with LiveProjection(store, projection, *arguments) as live:
        append(store, "b")
        append(store, "a")
        state = live.read_after(store.now())
    assert (expected, 7) == (state.positions, state.position)


def test_it_equals_a_fold_of_the_log_at_its_position(
    live: LiveProjection[History], store: EventStore, background: Background
) -> None:
    """Whenever one looks."""
    writers = [background(write, store, str(n)) for n in range(3)]
    states = [live.current()]
    while not all(writer.done() for writer in writers):
        states.append(live.current())
    seen = {state.position: state for state in states}
    assert 1 < len(seen)
    for position, state in list(seen.items())[:: max(1, len(seen) // 10)]:
        assert read(store, position) == state.positions


def test_two_of_one_kind_do_not_disturb_each_other(store: EventStore) -> None:
    """Each has a thread and a state of its own."""
    with LiveProjection(store, OfThing, "a") as a, LiveProjection(store, OfThing, "b") as b:
        append(store, "a")
        token = append(store, "b")
        assert [[1], [2]] == [live.read_after(token).positions for live in (a, b)]
