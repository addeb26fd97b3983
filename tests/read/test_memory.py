"""A streamed read holds a page, and no transaction."""

import tracemalloc
from collections.abc import Callable, Iterator
from itertools import islice

import pytest
from sqlalchemy import text

from sourcery import EventStore, Recorded, UnitOfWork
from tests.databases import Database
from tests.domain import ADA, Account, Remarked, append, open_bank
from tests.ordering.support import wait_until

pytestmark = pytest.mark.promise(10)

EVENTS = 20_000
MEGABYTE = 1_000_000


@pytest.fixture
def long(bank: EventStore) -> EventStore:
    """A stream of 20,000 events of 200 bytes: 4 MB of payload alone."""
    for _ in range(4):
        append(bank, ADA, [Remarked("x" * 200, extra=n) for n in range(EVENTS // 4)])
    return bank


def peak_of(read: Callable[[], Iterator[Recorded[object]]]) -> tuple[int, int]:
    """Events read, and the bytes that Python held at the worst moment."""
    next(read())  # connections, statements and decoders are made once
    tracemalloc.start()
    try:
        count = sum(1 for _ in read())
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_read_holds_no_more_than_a_page(long: EventStore) -> None:
    """The log, and a stream backward; the measure sees it when all events are kept."""
    for read in (long.read, lambda: long.read(ADA, backward=True)):
        count, peak = peak_of(read)
        assert EVENTS == count
        assert peak < 3 * MEGABYTE
    count, peak = peak_of(lambda: iter(list(long.read())))
    assert EVENTS == count
    assert peak > 9 * MEGABYTE


def test_an_aggregate_is_loaded_page_by_page(long: EventStore) -> None:
    """Its events are not kept once they are applied."""
    tracemalloc.start()
    with UnitOfWork(long) as uow:
        assert EVENTS == uow.get(Account, "ada").version
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * MEGABYTE


@pytest.mark.databases("postgresql")
def test_a_slow_reader_holds_no_transaction(bank: EventStore) -> None:
    """Between events its connection is idle: it delays no vacuum and no schema change."""
    append(bank, ADA, [Remarked("x", extra=n) for n in range(1200)])
    reader = bank.read()
    for _ in range(3):
        list(islice(reader, 400))
        wait_until(lambda: {("idle", None)} >= others(bank))  # the notifier may be busy
    assert [] == list(reader)


def others(store: EventStore) -> set[tuple[str, int | None]]:
    """State of each other connection, and what it keeps from being vacuumed."""
    with store.engine.connect() as connection:
        states = connection.execute(
            text(
                "select state, backend_xmin from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
        )
        return {(state, xmin) for state, xmin in states}


@pytest.mark.databases("mariadb")
def test_a_slow_reader_on_mariadb_holds_no_transaction(bank: EventStore) -> None:
    """InnoDB knows of none."""
    append(bank, ADA, [Remarked("x", extra=n) for n in range(1200)])
    reader = bank.read()
    list(islice(reader, 700))
    with bank.engine.connect() as connection:
        sql = "select count(*) from information_schema.innodb_trx where trx_mysql_thread_id in "
        ours = "(select id from information_schema.processlist where db = database())"
        assert 0 == connection.scalar(text(sql + ours))
    assert 500 == len(list(reader))


@pytest.mark.databases("sqlite")
def test_a_slow_reader_on_sqlite_does_not_hold_back_the_log(database: Database) -> None:
    """The write-ahead log can be moved into the file whole while a read is half done."""
    with open_bank(database) as bank:
        append(bank, ADA, [Remarked("x", extra=n) for n in range(1200)])
        reader = bank.read()
        list(islice(reader, 700))
        append(bank, ADA, [Remarked("more")])
        with bank.engine.connect().execution_options(sourcery_read_only=True) as connection:
            connection.rollback()
            driver = connection.connection.driver_connection
            busy, in_log, moved = driver.execute("pragma wal_checkpoint(truncate)").fetchone()
        assert (0, in_log) == (busy, moved)
        assert 500 == len(list(reader))


def test_many_unfinished_reads_use_up_no_connections(bank: EventStore) -> None:
    """More of them than the pool has connections."""
    append(bank, ADA, [Remarked("x", extra=n) for n in range(600)])
    readers = [bank.read() for _ in range(40)]
    assert 40 == len([next(reader) for reader in readers])
    with UnitOfWork(bank) as uow:
        uow.append(ADA, [Remarked("still writing")])
    assert {599} == {len(list(reader)) for reader in readers}
