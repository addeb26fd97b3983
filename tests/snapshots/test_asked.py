"""Snapshots on request: of a unit of work, and of the store."""

import pytest

from sourcery import EventStore, UnitOfWork, every, never
from sourcery.errors import InvalidArgument, StreamNotFound, UnitOfWorkError
from tests.snapshots.domain import Added, counting, kept, tally, work

pytestmark = pytest.mark.promise(31)


def test_a_unit_takes_one_when_asked(store: EventStore) -> None:
    """After its commit, with what it recorded after the request as well."""
    with UnitOfWork(store) as uow:
        found = uow.create(tally(never()), "t")
        found.record(Added(1))
        uow.snapshot(found)
        found.record(Added(2))
    assert [2] == kept(store)


def test_a_unit_that_fails_takes_none(store: EventStore) -> None:
    """What it recorded never happened."""
    cls = tally(never())
    work(store, cls, 1)
    with pytest.raises(ZeroDivisionError), UnitOfWork(store) as uow:
        uow.snapshot(uow.get(cls, "t"))
        raise ZeroDivisionError
    assert [] == kept(store)


def test_a_unit_without_events_takes_none(store: EventStore) -> None:
    """There is no last event to know it by."""
    with UnitOfWork(store) as uow:
        uow.snapshot(uow.get_or_create(tally(never()), "t"))
    assert [] == kept(store)


def test_the_store_takes_one_when_asked(store: EventStore) -> None:
    """It says whether there was anything new to store."""
    cls = tally(never())
    work(store, cls, 1, 2)
    assert [True, False] == [store.snapshot(cls, "t") for _ in range(2)]
    work(store, cls, 3)
    assert store.snapshot(cls, "t")
    assert [3] == kept(store)


def test_loads_begin_there(store: EventStore) -> None:
    """With `never` as well."""
    cls = tally(never())
    work(store, cls, 1, 2)
    store.snapshot(cls, "t")
    counted = counting(store)
    found = work(store, cls, 4)
    assert (1, 7, [1, 2, 4], 3) == (counted.unpacked, found.total, found.amounts, found.version)


def test_without_a_policy_it_is_refused(store: EventStore) -> None:
    """No load would look for it; the text says what to declare."""
    work(store, tally(), 1)
    with pytest.raises(InvalidArgument, match=r"keeps no snapshots: .*snapshot=never\(\)"):
        store.snapshot(tally(), "t")
    with UnitOfWork(store) as uow:
        found = uow.get(tally(), "t")
        with pytest.raises(InvalidArgument, match="keeps no snapshots"):
            uow.snapshot(found)


def test_of_nothing_it_is_refused(store: EventStore) -> None:
    """A stream without events, an aggregate that another unit loaded."""
    cls = tally(every(100))
    with pytest.raises(StreamNotFound):
        store.snapshot(cls, "t")
    elsewhere = work(store, cls, 1)
    with UnitOfWork(store) as uow, pytest.raises(UnitOfWorkError, match="was not loaded in this"):
        uow.snapshot(elsewhere)
