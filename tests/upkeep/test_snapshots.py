"""Stored snapshots are listed and deleted by whose they are, their age and their shape."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from sourcery import (
    EventStore,
    MemorySnapshots,
    delete_snapshots,
    every,
    stored_snapshots,
    verify_snapshots,
)
from sourcery.errors import InvalidArgument
from sourcery.schema import events, snapshots
from sourcery.snapshots.inventory import delete_stored
from sourcery.upkeep.snapshots import _CHUNK
from tests.databases import Database
from tests.ordering.support import append
from tests.project.support import KeptNumber, KeptThing
from tests.snapshots.domain import kept, rows, set_in_all, tally, work

CLS = tally(every(1))
NEXT = tally(every(1), version=2)
HOUR = timedelta(hours=1)


def owners(store: EventStore, **choice: Any) -> list[str]:
    """The ids of those that are chosen."""
    return [stored.key.owner_id for stored in stored_snapshots(store, **choice)]


def age(store: EventStore, owner: str) -> None:
    """Make one two hours old."""
    old = datetime.now(UTC) - 2 * HOUR
    with store.engine.begin() as connection:
        mine = snapshots.c.owner_id == owner
        connection.execute(update(snapshots).where(mine).values(created_at=old))


def test_they_are_listed_without_their_states(store: EventStore) -> None:
    """In the order of owners."""
    for owner in ("b", "a"):
        work(store, CLS, 1, 2, id=owner)
    first, second = stored_snapshots(store)
    assert ("aggregate:tally", "a", "b") == (
        first.key.owner_kind,
        first.key.owner_id,
        second.key.owner_id,
    )
    assert (2, "json", len(b'{"total":3,"amounts":[1,2]}')) == (
        first.version,
        first.codec,
        first.size,
    )
    assert timedelta() <= datetime.now(UTC) - first.created_at < HOUR


def test_a_choice_narrows(store: EventStore) -> None:
    """By class or kind, id, tag and age."""
    work(store, CLS, 1, id="a")
    work(store, CLS, 1, id="b")
    age(store, "b")
    tag = next(stored_snapshots(store)).key.schema_tag
    assert ["a", "b"] == owners(store, of=CLS) == owners(store, of="aggregate:tally", tag=tag)
    assert ["b"] == owners(store, of=CLS, id="b") == owners(store, older_than=HOUR)
    assert [] == owners(store, of="aggregate:other") == owners(store, tag="1-0")


def test_more_than_are_read_at_once(store: EventStore) -> None:
    """Each is listed once, and all are deleted."""
    work(store, CLS, 1, id="x")
    one = next(stored_snapshots(store))
    row = {"owner_kind": "aggregate:tally", "schema_tag": "1-x", "version": 1, "codec": "json"}
    row |= {"last_event_id": "01890000-0000-7000-8000-000000000000", "state": b"{}"}
    row |= {"created_at": one.created_at}
    with store.engine.begin() as connection:
        many = [row | {"owner_id": f"{number:05}"} for number in range(_CHUNK + 5)]
        connection.execute(snapshots.insert(), many)
    listed = owners(store)
    assert (_CHUNK + 6, _CHUNK + 6) == (len(listed), len({*listed}))
    assert _CHUNK + 5 == delete_snapshots(store, tag="1-x")
    assert ["x"] == owners(store)


def test_what_is_chosen_is_deleted(store: EventStore) -> None:
    """And nothing else; the next load replays."""
    work(store, CLS, 1, id="a")
    work(store, CLS, 1, id="b")
    age(store, "b")
    assert 1 == delete_snapshots(store, older_than=HOUR)
    assert ["a"] == owners(store)
    assert 1 == delete_snapshots(store)
    assert 0 == delete_snapshots(store)
    assert 1 == store.load(CLS, "a").total


def test_those_of_an_older_shape_are_deleted(store: EventStore) -> None:
    """When its release runs no more."""
    work(store, CLS, 1, 2)
    work(store, NEXT, 3)
    assert [2, 3] == sorted(kept(store))
    assert 1 == delete_snapshots(store, of=NEXT, outdated=True)
    assert [3] == kept(store)


def test_one_that_was_replaced_since_stays(store: EventStore) -> None:
    """It was not chosen."""
    work(store, CLS, 1)
    found = list(stored_snapshots(store))
    work(store, CLS, 2)
    with store.engine.begin() as connection:
        assert 0 == delete_stored(connection, found)
    assert [2] == kept(store)


def test_what_makes_no_sense_is_refused(store: EventStore) -> None:
    """With the argument."""
    with pytest.raises(InvalidArgument, match="id"):
        stored_snapshots(store, id="a")
    for of in ("tally", ""):
        with pytest.raises(InvalidArgument, match="of: is a class"):
            delete_snapshots(store, of=of)
    for age in (90, timedelta(-1)):
        with pytest.raises(InvalidArgument, match="older_than"):
            delete_snapshots(store, older_than=age)  # type: ignore[arg-type]
    assert 0 == delete_snapshots(store, older_than=timedelta.max)
    for of in (None, "aggregate:tally", tally()):
        with pytest.raises(InvalidArgument, match="outdated"):
            delete_snapshots(store, of=of, outdated=True)
    for sample in (0, 2, True):
        with pytest.raises(InvalidArgument, match="sample"):
            verify_snapshots(store, CLS, sample=sample)
    with pytest.raises(InvalidArgument, match="no policy"):
        verify_snapshots(store, tally())


@pytest.mark.promise(35)
def test_what_is_right_is_verified(store: EventStore) -> None:
    """Also where more events follow than it holds."""
    work(store, CLS, 1, 2, id="a")
    work(store, CLS, 5, id="b")
    work(store, tally(), 7, id="b")
    seen: list[int] = []
    found = verify_snapshots(store, CLS, on_checked=lambda check: seen.append(check.checked))
    assert (2, True, [1, 2]) == (found.checked, found.is_right, seen)


@pytest.mark.promise(35)
def test_what_is_wrong_is_found(store: EventStore) -> None:
    """Though a load would use it."""
    work(store, CLS, 1, 2, id="a")
    set_in_all(store, state=b'{"total":4,"amounts":[1,3]}')
    assert 4 == store.load(CLS, "a").total
    found = verify_snapshots(store, CLS)
    assert (1, ["a"], []) == (found.checked, [s.key.owner_id for s in found.wrong], found.unusable)
    delete_snapshots(store, of=CLS, id="a")
    assert verify_snapshots(store, CLS).is_right
    assert 3 == store.load(CLS, "a").total


@pytest.mark.promise(35)
@pytest.mark.parametrize("cls", [KeptThing, KeptNumber])
def test_projections_are_verified(store: EventStore, cls: Any) -> None:
    """At the position of each snapshot, whatever followed."""
    append(store, "1", 3)
    append(store, "2", 2)
    for id in ("1", "2"):
        store.project(cls, id)
    append(store, "1", 3)
    assert (2, True) == ((found := verify_snapshots(store, cls)).checked, found.is_right)
    delete_snapshots(store, of=cls, id="2")
    [(state,)] = rows(store, "state")
    set_in_all(store, state=bytes(state).replace(b"1", b"7"))
    found = verify_snapshots(store, cls)
    assert ["1"] == [s.key.owner_id for s in [*found.wrong, *found.unusable]]


def test_a_replay_that_fails_ends_nothing(store: EventStore) -> None:
    """The others are looked at."""
    work(store, CLS, 1, id="a")
    work(store, CLS, 1, id="b")
    with store.engine.begin() as connection:
        mine = events.c.stream_id == "a"
        connection.execute(update(events).where(mine).values(data='{"amount":[]}'))
    found = verify_snapshots(store, CLS)
    assert (1, "DecodeError") == (found.checked, found.failed[0][1])
    assert not found.is_right


def test_those_kept_elsewhere_are_not_looked_for(database: Database) -> None:
    """Nothing found would be a lie."""
    with EventStore(database.url, snapshot_store=MemorySnapshots()) as store:
        for look in (stored_snapshots, delete_snapshots):
            with pytest.raises(InvalidArgument, match="elsewhere"):
                look(store)
        with pytest.raises(InvalidArgument, match="elsewhere"):
            verify_snapshots(store, CLS)
    for given in ("memory", MemorySnapshots):
        with pytest.raises(InvalidArgument, match="snapshot_store"):
            EventStore("sqlite://", snapshot_store=given)  # type: ignore[arg-type]


def test_what_no_load_uses_is_found(store: EventStore) -> None:
    """Damaged, and ahead of the stream."""
    work(store, CLS, 1, 2, id="a")
    work(store, CLS, 1, id="b")
    with store.engine.begin() as connection:
        connection.execute(delete(events).where(events.c.version == 2))
        mine = snapshots.c.owner_id == "b"
        connection.execute(update(snapshots).where(mine).values(state=b"?"))
    found = verify_snapshots(store, CLS)
    assert (0, [], ["a", "b"]) == (
        found.checked,
        found.wrong,
        [stored.key.owner_id for stored in found.unusable],
    )


def test_a_sample_may_do(store: EventStore) -> None:
    """The same ids each time."""
    for number in range(40):
        work(store, CLS, 1, id=f"{number}")
    found = verify_snapshots(store, CLS, sample=0.3)
    assert 0 < found.checked < 40
    assert found.checked == verify_snapshots(store, CLS, sample=0.3).checked


def test_only_reading_changes_nothing(store: EventStore) -> None:
    """A wrong one stays, to be looked at."""
    work(store, CLS, 1)
    set_in_all(store, state=b'{"total":4,"amounts":[]}')
    before = list(stored_snapshots(store))
    verify_snapshots(store, CLS)
    assert before == list(stored_snapshots(store))
