"""Rules 1, 9 and 10: bounds of a page, reading past the settled position, versions too high."""

import pytest

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.dialects import floors
from sourcery.errors import VersionConflict
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.stress.sabotage import statements_with
from sourcery.testing.conformance.support import InFlight, append, read, stored

pytestmark: object = pytest.mark.promise(49)
A = Stream("thing", "a")


def test_rule_1_after_is_exclusive_and_to_inclusive(store: EventStore) -> None:
    """So the last position read is where the next read begins."""
    append(store, "a", 5)
    found = store.read(events=Happened, after=2, to=4)
    assert [3, 4] == [recorded.position for recorded in found]


def test_rule_1_a_hole_at_the_end_is_settled(store: EventStore, flight: InFlight) -> None:
    """Numbers drawn and rolled back hold nobody up."""
    flight.append("undone", 3)
    flight.rollback()
    last = append(store, "a").last
    assert (last, [last]) == (store.settled(), read(store))


@pytest.mark.needs("floors")
def test_rule_9_the_log_is_read_to_the_settled_position(
    store: EventStore, flight: InFlight
) -> None:
    """Whole or by category; what is committed behind it comes with `unsettled` alone."""
    append(store, "a")
    flight.append("early")
    append(store, "b")
    by_category = store.read(events=Happened, categories=["thing"])
    assert ([1], [1]) == (read(store), [recorded.position for recorded in by_category])
    assert [1, 3] == stored(store)


@pytest.mark.needs("floors")
def test_rule_9_backward_begins_at_the_settled_position(
    store: EventStore, flight: InFlight
) -> None:
    """From the end, too, nothing is given behind which something may still appear."""
    append(store, "a", 2)
    flight.append("early")
    append(store, "b")
    backward = store.read(events=Happened, backward=True)
    assert [2, 1] == [recorded.position for recorded in backward]


@pytest.mark.needs("floors")
def test_rule_9_a_stream_is_read_to_its_committed_end(store: EventStore, flight: InFlight) -> None:
    """Its versions have no holes, so nothing can appear in between."""
    flight.append("early")
    append(store, "a", 2)
    assert [1, 2] == [recorded.version for recorded in store.read(A, events=Happened)]


@pytest.mark.parametrize("count", [1, 2])
def test_rule_10_too_high_a_version_is_a_conflict(store: EventStore, count: int) -> None:
    """A unique constraint would let it in: versions 1 and 6."""
    append(store, "a")
    with pytest.raises(VersionConflict) as caught, UnitOfWork(store) as uow:
        uow.append(A, [Happened()] * count, expected=5)
    assert (A, 5, 1) == (caught.value.stream, caught.value.expected, caught.value.actual)
    assert [1] == read(store)


@pytest.mark.needs("floors")
def test_rule_10_without_the_condition_a_stream_has_a_hole(store: EventStore) -> None:
    """The test of the test: the insert's own constraint sees nothing wrong."""
    append(store, "a")
    pieces = {"_APPEND_ONE": floors._APPEND_ONE.replace("where %b::bigint = 0", "where %b >= 0")}
    with statements_with(pieces), UnitOfWork(store) as uow:
        uow.append(A, [Happened()], expected=5)
    assert [1, 6] == [recorded.version for recorded in store.read(A, events=Happened)]
