"""Rule 37: what upcasters split, or drop, is one stored event to versions and to `every`."""

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import frozen

from sourcery import EventStore, Part, Stream, UnitOfWork, event, every, upcast
from tests.databases import Database
from tests.snapshots.domain import Added, Cleared, counting, kept, tally, work

pytestmark = [pytest.mark.promise(31), pytest.mark.promise(49)]

CLS = tally(every(3))


@event("tally.pair-added")
@frozen
class PairAdded:
    """What an old release recorded."""

    first: int
    second: int


@upcast("tally.pair-added", version=1, into=["tally.added"])
def split(data: dict[str, Any]) -> list[Part]:
    """Two events, or none when there is nothing in it."""
    return [
        Part("tally.added", {"amount": data[name]})
        for name in ("first", "second")
        if any(data.values())
    ]


@pytest.fixture
def upcasting(database: Database) -> Iterator[EventStore]:
    """A store of the new release."""
    with EventStore(database.url, upcasters=[split]) as store:
        yield store


def stored_before(store: EventStore, *events: object) -> None:
    """Written by the old release."""
    with UnitOfWork(store) as uow:
        uow.append(Stream("tally", "t"), events)


def test_rule_37_parts_count_as_one(upcasting: EventStore) -> None:
    """Two stored events are not three, whatever was made of them."""
    stored_before(upcasting, PairAdded(1, 2), PairAdded(3, 4))
    assert 2 == work(upcasting, CLS).version
    assert [] == kept(upcasting)
    work(upcasting, CLS, 5)
    assert [3] == kept(upcasting)


def test_rule_37_a_snapshot_ends_behind_all_parts(upcasting: EventStore) -> None:
    """None of them is folded twice, and none is left out."""
    stored_before(upcasting, PairAdded(1, 2), PairAdded(3, 4), PairAdded(5, 6))
    work(upcasting, CLS)
    stored_before(upcasting, PairAdded(7, 8))
    counted = counting(upcasting)
    found = upcasting.load(CLS, "t")
    assert (1, 4, [*range(1, 9)]) == (counted.unpacked, found.version, found.amounts)


def test_rule_37_a_dropped_event_counts(upcasting: EventStore) -> None:
    """Also as the last one, which the snapshot is known by."""
    stored_before(upcasting, Added(1), Cleared(), PairAdded(0, 0))
    work(upcasting, CLS)
    assert [3] == kept(upcasting)
    counted = counting(upcasting)
    assert (0, 1) == (upcasting.load(CLS, "t").total, counted.unpacked)
