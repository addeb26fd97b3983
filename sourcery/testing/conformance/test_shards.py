"""Promise 23: with workers that come and go all events once, in order per stream."""

import pytest

from sourcery import EventStore
from sourcery.testing.conformance.crew.members import Crew
from sourcery.testing.conformance.crew.model import make_tables, outcome_of
from sourcery.testing.conformance.crew.sabotage import without_fence, without_leases
from sourcery.testing.conformance.crew.shift import Shift

pytestmark: object = pytest.mark.promise(23)


@pytest.fixture
def shift(store: EventStore, crew: Crew) -> Shift:
    """A shift on the test's database."""
    make_tables(store)
    return Shift(store, crew)


def test_all_events_once_and_in_order(shift: Shift) -> None:
    """And nobody ever works where another does."""
    outcome = shift.work(until=lambda: len(shift.crew.handled) > 100 and shift.hired > 8)
    assert ({}, []) == (outcome.faults, shift.meetings)


@pytest.mark.promise(22)
def test_some_that_hang_change_nothing(shift: Shift) -> None:
    """They lose their shards in the middle of a page, and wake up when others have them."""
    shift.hanging = True
    outcome = shift.work(until=lambda: len(shift.crew.handled) > 100 and shift.hung > 2)
    assert {} == outcome.faults


@pytest.mark.promise(22)
def test_without_the_fence_events_are_doubled(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of the test."""
    without_fence(monkeypatch)
    shift.hanging = True
    assert shift.work(until=lambda: outcome_of(shift.store).doubled).doubled


@pytest.mark.promise(22)
def test_without_leases_two_work_in_one_shard(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of the test: nobody hangs, and the fence is there, but they meet all the time."""
    without_leases(monkeypatch)
    shift.lingering = 0.02
    shift.work(until=lambda: shift.meetings)
    assert shift.meetings
