"""Promises 13 and 36: no snapshot passes a position that is in flight."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from attrs import evolve

from sourcery import EventStore, LiveProjection
from sourcery.database import Database
from sourcery.dialects import Frontier
from sourcery.errors import StreamNotFound
from sourcery.testing.conformance.databases import FLOORS, capabilities
from sourcery.testing.conformance.fixtures import Background
from sourcery.testing.conformance.projecting import Asked, Kept, KeptThing, Thing, versions
from sourcery.testing.conformance.projections import History
from sourcery.testing.conformance.support import InFlight, append, stored, wait_until

pytestmark: object = [pytest.mark.promise(13), pytest.mark.promise(36)]


@pytest.mark.needs("floors")
def test_it_stays_below_and_later_contains_it(store: EventStore, flight: InFlight) -> None:
    """The later event is committed, and yet not folded in before the earlier one is."""
    append(store, "a", 2)
    flight.append("early")
    append(store, "late")
    assert [1, 2, 4] == stored(store)
    state = store.project(Kept)
    assert ([1, 2], 2, [2]) == (state.positions, state.position, versions(store))
    flight.commit()
    assert [1, 2, 3, 4] == store.project(Kept).positions
    assert [4] == versions(store)


@pytest.mark.needs("floors")
def test_a_snapshot_asked_for_stays_below_too(store: EventStore, flight: InFlight) -> None:
    """Asking overrules the policy, not the settled position."""
    flight.append("early")
    append(store, "late")
    assert not store.snapshot(Asked)
    flight.commit()
    assert store.snapshot(Asked)
    assert ([1, 2], [2]) == (store.project(Asked).positions, versions(store))


@pytest.mark.needs("floors")
def test_of_one_stream_as_well(store: EventStore, flight: InFlight) -> None:
    """The streams of an instance have an order of their own; the log's counts."""
    append(store, "a")
    flight.append("b")
    append(store, "a")
    assert [1] == store.project(KeptThing, "a").positions
    assert [1] == versions(store)
    flight.rollback()
    assert [1, 3] == store.project(KeptThing, "a").positions


@pytest.mark.needs("floors")
def test_a_live_one_stays_below(store: EventStore, flight: InFlight) -> None:
    """Its thread offers as well."""
    append(store, "a", 2)
    with LiveProjection(store, Kept) as live:
        wait_until(lambda: [2] == versions(store))
        flight.append("early")
        token = append(store, "late")
        store.project(KeptThing, "nobody")
        assert [2] == versions(store)
        flight.commit()
        assert [1, 2, 3, 4] == live.read_after(token).positions
        wait_until(lambda: [4] == versions(store))


def test_both_are_in_it_after_the_commit(
    store: EventStore, flight: InFlight, background: Background
) -> None:
    """Whether the later writer commits first or has to wait."""
    flight.append("early")
    late = background(append, store, "late")
    if FLOORS in capabilities(store.database.dialect):
        late.result()
    assert ([], []) == (store.project(Kept).positions, versions(store))
    flight.commit()
    late.result()
    assert ([1, 2], [2]) == (store.project(Kept).positions, versions(store))


def test_a_rollback_lets_it_pass_at_once(
    store: EventStore, flight: InFlight, background: Background
) -> None:
    """The hole is no event."""
    flight.append("never")
    late = background(append, store, "late")
    assert [] == store.project(Kept).positions
    flight.rollback()
    last = late.result().last
    assert ([last], [last]) == (store.project(Kept).positions, versions(store))


@pytest.mark.needs("floors")
def test_the_past_too_ends_at_what_is_settled(store: EventStore, flight: InFlight) -> None:
    """A position beyond it gives what there is below; one stream waits for no other."""
    flight.append("early")
    token = append(store, "late")
    state = store.project(History, position=token.last)
    assert ([], 0) == (state.positions, state.position)
    assert [0] == store.load(Thing, "late").numbers
    with pytest.raises(StreamNotFound):
        store.load(Thing, "early")


@contextmanager
def naive(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take the highest position for the settled one, as a fold would without a frontier."""
    frontier = Database.frontier

    def highest(self: Database) -> Frontier:
        return evolve(frontier(self), settled=self.last_drawn())

    with monkeypatch.context() as patch:
        patch.setattr(Database, "frontier", highest)
        yield


@pytest.mark.promise(49)
@pytest.mark.needs("floors")
def test_a_fold_that_ignores_it_loses_the_event(
    store: EventStore, flight: InFlight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of the test: its snapshot is beyond the event, so that no load ever reads it."""
    append(store, "a", 2)
    flight.append("early")
    append(store, "late")
    with naive(monkeypatch):
        assert [1, 2, 4] == store.project(Kept).positions
    flight.commit()
    assert [1, 2, 4] == store.project(Kept).positions
    everything: Any = store.project(History).positions
    assert [1, 2, 3, 4] == everything
