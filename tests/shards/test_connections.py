"""What a running subscriber takes of a caller's connection pool, and what if that is too small."""

import logging
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, QueuePool, create_engine, event

from sourcery import EventStore
from sourcery.dialects import sqlite
from tests.databases import Database
from tests.ordering.support import append, wait_until
from tests.shards.crew import Crew, rows
from tests.shards.model import make_tables, outcome_of, see

pytestmark = [pytest.mark.promise(22), pytest.mark.promise(27)]

#: As the docstring of Subscriber says.
NEEDED = 3

MakeEngine = Callable[[int], Engine]


@pytest.fixture
def make_engine(database: Database) -> Iterator[MakeEngine]:
    """An engine of the caller's, with a pool of so many connections and no more.

    Ask for it before the crew, which must be gone when the engines are disposed of.
    """
    engines: list[Engine] = []

    def make(size: int) -> Engine:
        pool = {"pool_size": size, "max_overflow": 0, "pool_timeout": 0.2}
        engine = create_engine(database.url, poolclass=QueuePool, **pool)
        if database.family == "sqlite":
            sqlite.configure(engine)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.dispose()


def test_three_connections_are_needed(
    store: EventStore, make_engine: MakeEngine, crew: Crew
) -> None:
    """One for pages, one for the heart, one for a moment's reading, however many shards."""
    make_tables(store)
    engine, most = make_engine(5), [0]

    def count(*_: object) -> None:
        pool = engine.pool
        assert isinstance(pool, QueuePool)
        most[0] = max(most[0], pool.checkedout())

    event.listen(engine, "checkout", count)
    member = crew.hire(see, shards=4, lease=0.3, database=engine).start()
    # asked through another engine: what the test itself takes does not count
    wait_until(lambda: [row.is_owned for row in rows(store)] == [True] * 4)
    end = rows(store)[0].lease_until
    wait_until(lambda: rows(store)[0].lease_until > end)
    for stream in range(12):
        append(store, stream, 3)
    wait_until(lambda: outcome_of(store).lost == 0)
    member.stop()
    assert NEEDED == most[0]


def test_so_many_are_enough(store: EventStore, make_engine: MakeEngine, crew: Crew) -> None:
    """With the handler's writes, with a heart that beats, and with nothing said."""
    make_tables(store)
    member = crew.hire(see, shards=2, lease=0.3, database=make_engine(NEEDED)).start()
    member.wait_for_shards(2)
    epochs = [row.epoch for row in rows(store)]
    for number in range(30):
        append(store, number % 5)
    wait_until(lambda: outcome_of(store).lost == 0)
    assert epochs == [row.epoch for row in rows(store)]


def test_too_small_a_pool_is_said(
    store: EventStore, make_engine: MakeEngine, crew: Crew, caplog: pytest.LogCaptureFixture
) -> None:
    """The worker goes on trying, and can be stopped."""
    member = crew.hire(database=make_engine(1)).start()
    wait_until(lambda: said(caplog))
    assert member.is_running
    member.stop()
    assert {logging.WARNING} == {record.levelno for record in said(caplog)}


def said(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What was said about the pool."""
    text = f"no connection free in time, and a running consumer needs {NEEDED}"
    return [record for record in caplog.records if text in record.getMessage()]


def test_a_pool_that_is_empty_for_a_while_is_waited_for(
    store: EventStore, make_engine: MakeEngine, crew: Crew, caplog: pytest.LogCaptureFixture
) -> None:
    """Other parts of the program have all connections; when they come back it goes on."""
    engine = make_engine(NEEDED)
    member = crew.hire(database=engine).start()
    member.wait_for_shards(1)
    taken = [engine.connect() for _ in range(engine.pool.size() - engine.pool.checkedout())]
    append(store, "a", 3)
    wait_until(lambda: said(caplog))
    assert member.is_running
    for connection in taken:
        connection.close()
    wait_until(lambda: len(crew.handled) == 3)
