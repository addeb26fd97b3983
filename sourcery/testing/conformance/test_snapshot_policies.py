"""When a snapshot is taken, by each policy."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from sourcery import (
    EventStore,
    Policy,
    SqlSnapshots,
    always,
    any_of,
    every,
    never,
    on,
    slower_than,
)
from sourcery.errors import InvalidArgument
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.tallies import (
    Added,
    Cleared,
    counting,
    kept,
    rows,
    tally,
    warnings,
    work,
)

pytestmark: object = pytest.mark.promise(31)


def test_every_counts_events_and_not_units(store: EventStore) -> None:
    """Commands of several events count for as many."""
    cls = tally(every(3))
    found = []
    for amounts in ([1, 1], [1, 1], [1, 1], [1], [1] * 5, [1, 1]):
        work(store, cls, *amounts)
        found.append(kept(store))
    assert [[], [4], [4], [7], [12], [12]] == found


class Declining(SqlSnapshots):
    """Stores nothing until it is told to."""

    willing = False

    def offer(self, *arguments: Any) -> bool:
        return self.willing and super().offer(*arguments)


def test_every_counts_from_the_last_stored_one(database: Database) -> None:
    """One that was offered and not stored does not count."""
    cls, place = tally(every(3)), Declining()
    with EventStore(database.url, snapshot_store=place) as store:
        work(store, cls, 1, 1, 1)
        place.willing = True
        work(store, cls, 1)
        assert [4] == kept(store)


def test_a_unit_that_only_reads_offers_what_it_found(store: EventStore) -> None:
    """Whoever had to fold many events spares the next one."""
    work(store, tally(never()), 1, 1, 1)
    work(store, tally(every(4)))
    assert [] == kept(store)
    work(store, tally(every(3)))
    assert [3] == kept(store)


def test_a_state_that_is_not_due_is_not_serialised(store: EventStore) -> None:
    """It is looked at only when it is stored."""
    counted, cls = counting(store), tally(every(3))
    work(store, cls, 1, 1)
    assert 0 == counted.packed
    work(store, cls, 1)
    work(store, cls, 1, 1)
    assert 1 == counted.packed


LARGE: Any = [10, Cleared()]


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        pytest.param(always(), [1, 3, 4, 4], id="always"),
        pytest.param(on(Cleared), [None, 3, 3, 3], id="on"),
        pytest.param(on(Added | Cleared), [1, 3, 4, 4], id="on-any"),
        pytest.param(slower_than(0), [1, 3, 4, 4], id="slower"),
        pytest.param(slower_than(60), [None, None, None, None], id="not-slower"),
        pytest.param(any_of(every(4), on(Cleared)), [None, 3, 3, 3], id="any"),
        pytest.param(any_of(slower_than(60), every(4)), [None, None, 4, 4], id="any-other"),
        pytest.param(never(), [None, None, None, None], id="never"),
    ],
)
def test_each_policy(store: EventStore, policy: Policy, versions: list[int | None]) -> None:
    """One event, then two of which one clears, then another, then none."""
    found: list[int | None] = []
    for events in ([1], LARGE, [2], []):
        work(store, tally(policy), *events)
        found += kept(store) or [None]
    assert versions == found


def test_the_store_has_a_policy_for_classes_without_one(database: Database) -> None:
    """A class that has one keeps to it."""
    with EventStore(database.url, snapshot=every(2)) as store:
        work(store, tally(), 1, 1, id="as the store")
        work(store, tally(every(3)), 1, 1, id="its own")
        work(store, tally(never()), 1, 1, id="none")
        assert [("as the store", 2)] == rows(store, "owner_id", "version")


@pytest.mark.parametrize(
    "make",
    [
        lambda: every(0),
        lambda: every(True),
        lambda: every("3"),  # type: ignore[arg-type]
        lambda: every(2.0),  # type: ignore[arg-type]
        lambda: slower_than(-1),
        lambda: slower_than(math.nan),
        lambda: any_of(always),  # type: ignore[arg-type]
        lambda: any_of(every(3), 5),  # type: ignore[arg-type]
        lambda: EventStore("sqlite://", snapshot=every),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_policy_is_refused(make: Callable[[], object]) -> None:
    """Where it is made, not at the first commit."""
    with pytest.raises(InvalidArgument):
        make()


class Broken:
    """A policy of the user's own, with a mistake."""

    def is_due(self, facts: object) -> bool:
        raise ZeroDivisionError


def test_a_policy_that_raises_harms_nothing(
    store: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    """The events are committed; the log says what happened, once."""
    for _ in range(2):
        work(store, tally(Broken()), 1)
    assert (2, []) == (store.load(tally(), "t").total, kept(store))
    assert ["had no snapshot taken (ZeroDivisionError)" in said for said in warnings(caplog)] == [
        True
    ]
