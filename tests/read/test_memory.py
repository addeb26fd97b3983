"""A half-done read holds no transaction, as the server sees it."""

from itertools import islice

import pytest
from sqlalchemy import text

from sourcery import EventStore
from tests.databases import Database
from tests.domain import ADA, Remarked, append, open_bank
from tests.ordering.support import wait_until

pytestmark = pytest.mark.promise(10)


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
