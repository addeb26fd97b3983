"""Promise 19: where a subscription begins."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from sourcery import NOW, ORIGIN, EventStore
from sourcery.errors import DefinitionError, InvalidArgument
from sourcery.start import Start
from tests.databases import Database
from tests.ordering.happened import Happened
from tests.ordering.support import InFlight, append, late_floor

pytestmark = pytest.mark.promise(19)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def given(store: EventStore, after: Start) -> list[int]:
    """Positions that a subscription hands out until it is caught up."""
    return [r.position for r in store.subscribe(after=after, events=Happened, timeout=0)]


def test_the_origin_is_the_default(store: EventStore) -> None:
    """Everything that is there."""
    append(store, "a", 3)
    assert [1, 2, 3] == given(store, ORIGIN)
    assert [1, 2, 3] == [r.position for r in store.subscribe(events=Happened, timeout=0)]


def test_a_position_is_exclusive(store: EventStore) -> None:
    """Where one stopped another goes on, at the end as well."""
    append(store, "a", 5)
    assert [4, 5] == given(store, 3)
    assert [] == given(store, 5)


@pytest.mark.parametrize("after", [6, 10**12])
def test_a_position_beyond_the_log_is_refused(store: EventStore, after: int) -> None:
    """It is of another log, and what comes up to there would be passed over without a word."""
    append(store, "a", 5)
    with pytest.raises(InvalidArgument, match=f"after: position {after} is beyond the log"):
        store.subscribe(after=after, events=Happened)


EAST, WEST = (timezone(timedelta(hours=hours)) for hours in (1, -1))


@pytest.mark.parametrize(
    ("after", "positions"),
    [
        pytest.param(datetime.min.replace(tzinfo=EAST), [1, 2], id="the beginning of time"),
        pytest.param(datetime.max.replace(tzinfo=WEST), [], id="the end of time"),
    ],
)
def test_a_time_that_utc_has_no_date_for(
    store: EventStore, after: datetime, positions: list[int]
) -> None:
    """It is before all, or after."""
    append(store, "a", 2)
    assert positions == given(store, after)


@pytest.mark.databases("postgresql")
def test_rule_2_a_position_that_was_settled_once_is_none(
    store: EventStore, database: Database
) -> None:
    """A late writer makes another process see a settled position that is lower."""
    append(store, "a", 5)
    with late_floor(store), EventStore(database.url) as other:
        assert 0 == other.settled()
        subscription = other.subscribe(after=4, events=Happened, timeout=0)
        assert ([], 4) == (list(subscription), subscription.position)
    assert [5] == given(store, 4)


def test_now_sees_nothing_that_is_settled(store: EventStore) -> None:
    """And everything since it was resolved, which is when the subscription is made."""
    append(store, "a", 3)
    subscription = store.subscribe(after=NOW, events=Happened, timeout=0)
    assert 3 == subscription.position
    append(store, "b", 2)
    assert [4, 5] == [recorded.position for recorded in subscription]


@pytest.mark.databases("postgresql")
def test_now_delivers_what_is_committed_and_not_settled(
    store: EventStore, flight: InFlight
) -> None:
    """An earlier position is in flight, so a committed later one belongs to what is to come."""
    flight.append("early")
    append(store, "late")
    subscription = store.subscribe(after=NOW, events=Happened, timeout=0)
    assert [] == list(subscription)
    flight.commit()
    assert ["early", "late"] == [recorded.stream.id for recorded in subscription]


@pytest.fixture
def clocked(database: Database) -> Iterator[EventStore]:
    """A store whose clock goes on by an hour at each append: 13, 14 and 15 o'clock."""
    hours = iter(range(1, 99))
    with EventStore(database.url, clock=lambda: NOON + timedelta(hours=next(hours))) as store:
        for _ in range(3):
            append(store)
        yield store


AT = [
    (NOON, [1, 2, 3]),
    (NOON + timedelta(hours=1), [1, 2, 3]),
    (NOON + timedelta(hours=1, microseconds=1), [2, 3]),
    (NOON + timedelta(hours=3), [3]),
    (NOON + timedelta(hours=3, microseconds=1), []),
]


def test_a_time_begins_at_the_first_event_recorded_then(clocked: EventStore) -> None:
    """Inclusive, in any time zone, to the microsecond."""
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    for moment, expected in AT:
        assert expected == given(clocked, moment)
        assert expected == given(clocked, moment.astimezone(kathmandu))


def test_a_time_to_come_is_now(clocked: EventStore) -> None:
    """What is appended next is delivered, whatever its time."""
    subscription = clocked.subscribe(after=NOON + timedelta(days=9), events=Happened, timeout=0)
    append(clocked)
    assert [4] == [recorded.position for recorded in subscription]


def test_a_time_is_the_lowest_position_recorded_then(database: Database) -> None:
    """Clocks go back; then the first event of that time counts, and all that follow it."""
    hours = iter([5, 1, 9, 2])
    with EventStore(database.url, clock=lambda: NOON + timedelta(hours=next(hours))) as store:
        for _ in range(4):
            append(store)
        assert [1, 2, 3, 4] == given(store, NOON + timedelta(hours=2))
        assert [3, 4] == given(store, NOON + timedelta(hours=6))


@pytest.mark.databases("postgresql")
def test_a_time_looks_at_settled_events_only(clocked: EventStore, flight: InFlight) -> None:
    """Else it would begin behind a position that is in flight."""
    flight.append("early")
    append(clocked, "late")
    moment = NOON + timedelta(hours=3, minutes=30)
    subscription = clocked.subscribe(after=moment, events=Happened, timeout=0)
    flight.commit()
    assert ["early", "late"] == [recorded.stream.id for recorded in subscription]


NO_START = [-1, True, 2**63, 1.5, "now", None, datetime(2026, 1, 1)]  # noqa: DTZ001 - the point
REFUSED: list[tuple[dict[str, Any], str]] = [
    *[({"after": start}, "after") for start in NO_START],
    ({"timeout": -1}, "timeout"),
    ({"timeout": math.nan}, "timeout"),
    ({"timeout": True}, "timeout"),
    ({"timeout": "5"}, "timeout"),
    ({"categories": "thing"}, "categories"),
    ({"categories": None}, "categories"),
    ({"categories": 5}, "categories"),
    ({"stop": 1}, "stop"),
    ({"on_caught_up": 3}, "on_caught_up"),
]


@pytest.mark.parametrize(("arguments", "named"), REFUSED)
def test_what_makes_no_sense_is_refused_at_the_call(arguments: dict[str, Any], named: str) -> None:
    """The error names the argument; nobody reaches this database."""
    store = EventStore("postgresql://127.0.0.1:1/none")
    with pytest.raises(InvalidArgument) as caught:
        store.subscribe(events=Happened, **arguments)
    assert named == caught.value.argument


def test_it_says_which_events_it_expects(store: EventStore) -> None:
    """A union of event classes, or what the store declares."""
    with pytest.raises(DefinitionError):
        store.subscribe(events=[Happened])
    with pytest.raises(InvalidArgument, match="subscribe"):
        store.subscribe()


def test_a_database_that_was_never_reached_is_an_error() -> None:
    """At the call, whatever the start: a wrong URL is not waited for."""
    with EventStore("postgresql://127.0.0.1:1/none") as store:
        for start in (ORIGIN, 5, NOW, NOON):
            with pytest.raises(OperationalError):
                store.subscribe(after=start, events=Happened)
