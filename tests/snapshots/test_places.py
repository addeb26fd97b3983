"""Where snapshots are kept: in memory, nowhere, or in a place of the user's own."""

from typing import Any

import pytest

from sourcery import EventStore, MemorySnapshots, NoSnapshots, SqlSnapshots, UnitOfWork, always
from sourcery.errors import InvalidArgument
from sourcery.testing.conformance.test_useless_snapshots import restored
from tests.databases import APPEND_ONLY, Database
from tests.snapshots.domain import Added, counting, rows, tally, work

CLS = tally(always())


@pytest.mark.promise(31)
def test_in_memory_the_database_is_not_asked(database: Database) -> None:
    """Neither to find one nor to store it."""
    with EventStore(database.url, snapshot_store=MemorySnapshots()) as store:
        work(store, CLS, 1, 2)
        counted = counting(store)
        assert (3, 1) == (store.load(CLS, "t").total, counted.unpacked)
        assert [] == rows(store, "version")


@pytest.mark.promise(31)
def test_memory_gives_back_no_shared_object(database: Database) -> None:
    """What one unit does to its aggregate, and does not commit, is in no other."""
    with EventStore(database.url, snapshot_store=MemorySnapshots()) as store:
        work(store, CLS, 1)
        with pytest.raises(ZeroDivisionError), UnitOfWork(store) as uow:
            uow.get(CLS, "t").record(Added(5))
            raise ZeroDivisionError
        assert [1] == store.load(CLS, "t").amounts


@pytest.mark.promise(31)
def test_memory_keeps_those_used_last(database: Database) -> None:
    """The one that was not loaded for longest goes."""
    with EventStore(database.url, snapshot_store=MemorySnapshots(kept=2)) as store:
        for id in "ab":
            work(store, CLS, 1, id=id)
        store.load(CLS, "a")
        work(store, CLS, 1, id="c")
        counted = counting(store)
        for id in "abc":
            store.load(CLS, id)
        assert 2 == counted.unpacked


@pytest.mark.promise(33)
@pytest.mark.skipif(APPEND_ONLY, reason="it takes events away, as a restore does")
def test_memory_forgets_what_is_of_no_use(database: Database) -> None:
    """A restored database lies behind this process's memory."""
    with EventStore(database.url, snapshot_store=MemorySnapshots()) as store:
        work(store, CLS, 1, 2, 3, 4, 5)
        restored(store)
        assert 6 == work(store, CLS).total
        counted = counting(store)
        assert (6, 1) == (store.load(CLS, "t").total, counted.unpacked)


@pytest.mark.parametrize("kept", [0, -1, True, "5", 1.5])
def test_memory_of_nothing_is_refused(kept: Any) -> None:
    """For that there is another class."""
    with pytest.raises(InvalidArgument, match="from 1"):
        MemorySnapshots(kept)


@pytest.mark.promise(31)
def test_nowhere_nothing_is_kept(database: Database) -> None:
    """Snapshots are switched off without a change of the classes."""
    with EventStore(database.url, snapshot_store=NoSnapshots()) as store:
        work(store, CLS, 1, 2)
        assert (3, []) == (store.load(CLS, "t").total, rows(store, "version"))
        assert not store.snapshot(CLS, "t")


@pytest.mark.promise(33)
def test_those_of_the_database_survive_the_process(store: EventStore, database: Database) -> None:
    """Another store begins there."""
    work(store, CLS, 1, 2)
    with EventStore(database.url, snapshot_store=SqlSnapshots()) as other:
        counted = counting(other)
        assert (3, 1) == (other.load(CLS, "t").total, counted.unpacked)
