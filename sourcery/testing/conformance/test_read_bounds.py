"""Versions, positions, times and limits."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sourcery import EventStore
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.domain import (
    ADA,
    ORDER,
    Deposited,
    Opened,
    Placed,
    append,
    open_bank,
)

pytestmark: object = pytest.mark.promise(10)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def amounts(found: Iterator[object]) -> list[int]:
    """What was deposited, in the order read."""
    return [recorded.event.amount for recorded in found]


@pytest.fixture
def ten(bank: EventStore) -> EventStore:
    """Ten deposits, between two orders; the amount is the version."""
    append(bank, ORDER, [Placed("tea")])
    append(bank, ADA, [Deposited(n) for n in range(1, 11)])
    append(bank, ORDER, [Placed("milk")])
    return bank


VERSIONS: Any = [
    ({"from_version": 8}, [8, 9, 10]),
    ({"to_version": 3}, [1, 2, 3]),
    ({"from_version": 4, "to_version": 5}, [4, 5]),
    ({"from_version": 4, "to_version": 4}, [4]),
    ({"from_version": 5, "to_version": 4}, []),
    ({"from_version": 11}, []),
    ({"to_version": 0}, []),
    ({"to_version": 99}, list(range(1, 11))),
    ({"from_version": 3, "limit": 2}, [3, 4]),
    ({"from_version": 3, "to_version": 7, "limit": 3, "backward": True}, [7, 6, 5]),
    ({"limit": 0}, []),
    ({"limit": 1}, [1]),
    ({"limit": 99}, list(range(1, 11))),
    ({"limit": 2, "backward": True}, [10, 9]),
]


def test_versions_are_inclusive(ten: EventStore) -> None:
    """On both sides, forward and backward, with a limit."""
    for bounds, expected in VERSIONS:
        assert (bounds, expected) == (bounds, amounts(ten.read(ADA, **bounds)))


def test_after_is_exclusive_and_to_inclusive(ten: EventStore) -> None:
    """Any position of the log, one that no event has included."""
    everything = list(ten.read())
    for place in (0, 3, 11):
        position = everything[place].position
        assert everything[place + 1 :] == list(ten.read(after=position))
        assert everything[: place + 1] == list(ten.read(to=position))
        assert everything[place + 1 :][::-1] == list(ten.read(after=position, backward=True))
    assert everything == list(ten.read(after=0, to=10**12))
    assert [] == list(ten.read(after=10**12))


def test_bounds_limit_and_filters_together(ten: EventStore) -> None:
    """The limit counts what matches."""
    third = list(ten.read(ADA))[2].position
    found = ten.read(events=Deposited, after=third, limit=3)
    assert [4, 5, 6] == amounts(found)
    assert [10, 9] == amounts(ten.read(categories=["account"], limit=2, backward=True))


def test_a_limit_is_exact_at_the_edge_of_a_page(bank: EventStore) -> None:
    """Of a stream and of the log."""
    append(bank, ADA, [Deposited(n) for n in range(1001)])
    for limit in (499, 500, 501, 1000, 1001):
        assert list(range(limit)) == amounts(bank.read(ADA, limit=limit))
        assert list(range(limit)) == amounts(bank.read(limit=limit))


@pytest.fixture
def clocked(database: Database) -> Iterator[EventStore]:
    """A store whose clock goes on by an hour at each append: 13, 14 and 15 o'clock."""
    hours = iter(range(1, 99))
    with open_bank(database, clock=lambda: NOON + timedelta(hours=next(hours))) as store:
        for amount in (13, 14, 15):
            append(store, ADA, [Deposited(amount)])
        yield store


UNTIL: Any = [
    (NOON, []),
    (NOON + timedelta(hours=1), [13]),
    (NOON + timedelta(hours=2) - timedelta(microseconds=1), [13]),
    (NOON + timedelta(hours=2), [13, 14]),
    (NOON + timedelta(days=1), [13, 14, 15]),
]


def test_until_is_inclusive(clocked: EventStore) -> None:
    """In any time zone, of the log and of a stream, to the microsecond."""
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    for until, expected in UNTIL:
        for moment in (until, until.astimezone(kathmandu)):
            assert expected == amounts(clocked.read(until=moment))
            assert expected == amounts(clocked.read(ADA, until=moment))
            assert expected[::-1] == amounts(clocked.read(ADA, until=moment, backward=True))


def test_the_recorded_time_is_the_clocks(clocked: EventStore) -> None:
    """In UTC, to the microsecond."""
    assert [NOON + timedelta(hours=n) for n in (1, 2, 3)] == [
        recorded.recorded_at for recorded in clocked.read(ADA)
    ]


def test_the_databases_clock_is_the_default(bank: EventStore) -> None:
    """Within a minute of ours, for they run on one machine."""
    append(bank, ADA, [Opened("Ada")])
    [found] = bank.read(ADA)
    assert abs(datetime.now(UTC) - found.recorded_at) < timedelta(minutes=1)
    assert [found] == list(bank.read(until=found.recorded_at))
