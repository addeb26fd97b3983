"""States of the past: as of a position, a version or a time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sourcery import EventStore, UnitOfWork
from sourcery.errors import InvalidArgument, StreamNotFound, UnitOfWorkError
from tests.databases import Database
from tests.live.projections import History, OfThing
from tests.ordering.happened import Happened
from tests.ordering.support import append
from tests.project.support import (
    Asked,
    Kept,
    Thing,
    append_to,
    change_event,
    reading_pages,
    versions,
)

TICK = timedelta(microseconds=1)
WEST, EAST = (timezone(timedelta(hours=sign * 9, minutes=sign * 30)) for sign in (-1, 1))
NOON = datetime(2026, 11, 25, 12, 0, 0, 123457, tzinfo=UTC)
#: Of the events 1 to 4; the clock is set back before the last.
TIMES = [NOON, NOON + TICK, NOON + timedelta(hours=1), NOON + timedelta(minutes=1)]


@pytest.fixture
def clocked(database: Database) -> Iterator[EventStore]:
    """Four events of one thing, recorded at the times."""
    times = iter(TIMES)
    url = database.url.render_as_string(hide_password=False)
    with EventStore(url, clock=lambda: next(times)) as store:
        for number in range(1, 5):
            append_to(store, "thing", number)
        yield store


#: How many events there were.
MOMENTS = [
    pytest.param(datetime(1970, 1, 1, tzinfo=UTC), 0, id="long before"),
    pytest.param(NOON - TICK, 0, id="just before"),
    pytest.param(NOON, 1, id="at the first"),
    pytest.param(NOON + TICK, 2, id="a microsecond later"),
    pytest.param(NOON + 2 * TICK, 2, id="two"),
    pytest.param(NOON + timedelta(minutes=2), 2, id="set back later"),
    pytest.param(NOON + timedelta(hours=1), 4, id="at the last"),
    pytest.param(NOON.astimezone(WEST), 1, id="zone"),
    pytest.param(datetime.min.replace(tzinfo=EAST), 0, id="the beginning of time"),
    pytest.param(datetime.max.replace(tzinfo=WEST), 4, id="the end of time"),
]


@pytest.mark.parametrize(("moment", "count"), MOMENTS)
def test_a_projection_as_of_a_time(clocked: EventStore, moment: datetime, count: int) -> None:
    """Everything before the first event that was recorded later."""
    assert list(range(1, count + 1)) == clocked.project(History, at=moment).positions


@pytest.mark.parametrize(("moment", "count"), MOMENTS)
def test_an_aggregate_as_of_a_time(clocked: EventStore, moment: datetime, count: int) -> None:
    """The same events, and an error before the first."""
    if count:
        assert list(range(1, count + 1)) == clocked.load(Thing, "a", at=moment).numbers
        return
    with pytest.raises(StreamNotFound):
        clocked.load(Thing, "a", at=moment)


def test_by_the_clock_of_the_database(store: EventStore) -> None:
    """The times that it gave the events, as they are read."""
    for _ in range(3):
        append(store)
    first, second, _ = [r.recorded_at for r in store.read(events=Happened)]
    assert [1] == store.project(History, at=first).positions or first == second
    assert [] == store.project(History, at=first - TICK).positions
    assert 2 <= len(store.project(History, at=second).positions)
    assert [1, 2, 3] == store.project(History, at=datetime.now(UTC) + timedelta(days=1)).positions


@pytest.mark.parametrize(("position", "expected"), [(0, []), (1, [1]), (4, [1, 2, 4])])
def test_a_projection_as_of_a_position(
    store: EventStore, position: int, expected: list[int]
) -> None:
    """Inclusive; events of others between count as positions."""
    append(store, "a", 2)
    append(store, "b")
    append(store, "a", 2)
    state = store.project(OfThing, "a", position=position)
    assert (expected, position, "a") == (state.positions, state.position, state.id)


def test_a_position_to_come_is_now(store: EventStore) -> None:
    """It is no wait; the state tells how far it is."""
    append(store, "a", 2)
    state = store.project(History, position=99)
    assert ([1, 2], 2) == (state.positions, state.position)


def test_an_aggregate_as_of_a_version_or_position(store: EventStore) -> None:
    """Both are inclusive; beyond the end it is as it is now."""
    append(store, "other", 2)
    append(store, "a", 4)
    for version in range(1, 5):
        expected = list(range(version))
        by_version = store.load(Thing, "a", version=version)
        by_position = store.load(Thing, "a", position=2 + version)
        assert (expected, version) == (by_version.numbers, by_version.version)
        assert (expected, version) == (by_position.numbers, by_position.version)
    assert 4 == store.load(Thing, "a", version=99).version
    for bound in ({"version": 0}, {"position": 2}):
        with pytest.raises(StreamNotFound):
            store.load(Thing, "a", **bound)


def test_an_aggregate_to_look_at_records_nothing(store: EventStore) -> None:
    """There is no unit of work that would write it."""
    append(store, "a", 2)
    for state in (store.load(Thing, "a"), store.load(Thing, "a", version=1)):
        with pytest.raises(UnitOfWorkError):
            state.happen(9)
    with UnitOfWork(store) as uow:
        uow.get(Thing, "a").happen(2)
    assert [0, 1, 2] == store.load(Thing, "a").numbers


def test_a_snapshot_that_is_later_is_not_used(store: EventStore) -> None:
    """Of neither; and the past stores none."""
    append(store, "a", 5)
    store.project(Kept)
    store.snapshot(Thing, "a")
    assert [1, 2, 3] == store.project(Kept, position=3).positions
    assert [0, 1, 2] == store.load(Thing, "a", version=3).numbers
    assert [0, 1, 2] == store.load(Thing, "a", position=3).numbers
    assert [5, 5] == versions(store)


def test_a_snapshot_that_is_not_later_is_used(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to itself, also when it is exactly what is asked for; events before are not read."""
    append(store, "a", 3)
    store.snapshot(Asked)
    store.snapshot(Thing, "a")
    append(store, "a", 2)
    change_event(store, 1, data='{"number": "spoilt"}')
    for bound in (3, 4):
        with reading_pages(monkeypatch) as reading:
            assert bound == len(store.project(Asked, position=bound).positions)
        assert list(range(4, bound + 1)) == reading.positions
        assert bound == len(store.load(Thing, "a", version=bound).numbers)
        assert bound == len(store.load(Thing, "a", position=bound).numbers)


@pytest.mark.parametrize(
    "bounds",
    [
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001 - the naive one is what is refused
        {"at": "2026-01-01"},
        {"position": -1},
        {"position": True},
        {"position": 2**63},
        {"position": 1, "at": NOON},
    ],
)
def test_a_bound_that_means_nothing_is_refused(store: EventStore, bounds: dict[str, Any]) -> None:
    """For projections and aggregates alike."""
    append(store)
    with pytest.raises(InvalidArgument):
        store.project(History, **bounds)
    with pytest.raises(InvalidArgument):
        store.load(Thing, "a", **bounds)


@pytest.mark.parametrize("version", [-1, True, "1"])
def test_a_version_that_is_none_is_refused(store: EventStore, version: Any) -> None:
    """Before anything is read."""
    with pytest.raises(InvalidArgument):
        store.load(Thing, "a", version=version)
