"""Promise 30: a subscription holds a page, and no transaction."""

import tracemalloc
from collections.abc import Callable, Iterator
from itertools import islice

import pytest
from sqlalchemy import text

from sourcery import EventStore, Recorded, UnitOfWork
from tests.databases import Database
from tests.domain import ADA, Remarked, append, open_bank

pytestmark = pytest.mark.promise(30)

EVENTS = 20_000
MEGABYTE = 1_000_000


@pytest.fixture
def bank(database: Database) -> Iterator[EventStore]:
    """A store that declares the test domain; nobody notifies, so its connections are known."""
    with open_bank(database, notify=False) as store:
        yield store


def peak_of(read: Callable[[], Iterator[Recorded[object]]]) -> tuple[int, int]:
    """Events handed out, and the bytes that Python held at the worst moment."""
    next(read())  # connections, statements and decoders are made once
    tracemalloc.start()
    try:
        count = sum(1 for _ in read())
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_backlog_of_any_length_fits(bank: EventStore) -> None:
    """20,000 events of 200 bytes; the measure sees it when they are kept."""
    for _ in range(4):
        append(bank, ADA, [Remarked("x" * 200, extra=n) for n in range(EVENTS // 4)])
    count, peak = peak_of(lambda: bank.subscribe(timeout=0))
    assert EVENTS == count
    assert peak < 3 * MEGABYTE
    count, peak = peak_of(lambda: iter(list(bank.subscribe(timeout=0))))
    assert EVENTS == count
    assert peak > 9 * MEGABYTE


@pytest.mark.databases("postgresql")
def test_a_slow_one_holds_no_transaction(bank: EventStore) -> None:
    """Between events, and while it waits, its connection is idle."""
    append(bank, ADA, [Remarked("x", extra=n) for n in range(1200)])
    subscription = bank.subscribe(timeout=0.01)
    for count in (400, 400, 400, 0):
        assert count == len(list(islice(subscription, count or None)))
        with bank.engine.connect() as connection:
            states = connection.execute(
                text(
                    "select state, backend_xmin from pg_stat_activity "
                    "where datname = current_database() and pid <> pg_backend_pid()"
                )
            ).all()
        assert {("idle", None)} >= {tuple(row) for row in states}


@pytest.mark.databases("mariadb")
def test_a_slow_one_on_mariadb_holds_no_transaction(bank: EventStore) -> None:
    """InnoDB knows of none."""
    append(bank, ADA, [Remarked("x", extra=n) for n in range(1200)])
    subscription = bank.subscribe(timeout=0)
    list(islice(subscription, 700))
    with bank.engine.connect() as connection:
        sql = "select count(*) from information_schema.innodb_trx where trx_mysql_thread_id in "
        ours = "(select id from information_schema.processlist where db = database())"
        assert 0 == connection.scalar(text(sql + ours))
    assert 500 == len(list(subscription))


def test_many_of_them_use_up_no_connections(bank: EventStore) -> None:
    """More than the pool has, each in the middle of its page."""
    append(bank, ADA, [Remarked("x", extra=n) for n in range(600)])
    subscriptions = [bank.subscribe(timeout=0) for _ in range(40)]
    assert 40 == len([next(each) for each in subscriptions])
    with UnitOfWork(bank) as uow:
        uow.append(ADA, [Remarked("still writing")])
    assert {600} == {len(list(each)) for each in subscriptions}
