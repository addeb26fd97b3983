"""Promise 16, the test of the test: each safeguard left out loses an event, every time.

Most tests run twice: with ours, which gives the reader every event, and with the sabotage.
"""

from typing import Any

import pytest

from sourcery import EventStore
from sourcery.dialects import Dialect
from sourcery.dialects.postgresql import PostgreSQLDialect
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.fixtures import Background
from sourcery.testing.conformance.stress.sabotage import (
    LOCKED_ONCE,
    WITHOUT_IS_CALLED,
    DrawnInBlocks,
    FloorBeforeHighest,
    HighestVisible,
    WithoutFloor,
    drawn_elsewhere,
    statements_with,
    store_with,
)
from sourcery.testing.conformance.support import (
    InFlight,
    Worker,
    after_statement,
    append,
    in_flight,
)

pytestmark: object = pytest.mark.promise(16)
floors: Any = pytest.mark.needs("floors")


def given_around(worker: Worker, flight: InFlight) -> list[int]:
    """Look while the transaction is in flight and when it is committed."""
    found = worker.look()
    flight.commit()
    return found + worker.look()


@floors
@pytest.mark.parametrize(
    ("dialect", "given"),
    [(PostgreSQLDialect, [2, 3]), (HighestVisible, [3]), (WithoutFloor, [3])],
)
def test_the_reader_heeds_the_floors(
    database: Database, dialect: type[Dialect], given: list[int]
) -> None:
    """Position 2 is in flight while 3 is committed and read."""
    with store_with(dialect, database.url) as store, in_flight(store) as flight:
        worker = Worker(store, checkpoint=append(store, "first").last)
        flight.append("early")
        append(store, "late")
        assert given == given_around(worker, flight)


@floors
@pytest.mark.parametrize(
    ("dialect", "given"), [(PostgreSQLDialect, [1, 2]), (FloorBeforeHighest, [2])]
)
def test_the_lowest_floor_is_read_second(
    database: Database, dialect: type[Dialect], given: list[int]
) -> None:
    """Two writers draw, and one commits, between the two statements of the frontier."""
    with store_with(dialect, database.url) as store, in_flight(store) as flight:
        worker = Worker(store)

        def both_write() -> None:
            flight.append("early")
            append(store, "late")

        store.settled()  # the checks at start come before
        engine = store.database.engine
        with after_statement(engine, both_write, "pg_is_in_recovery", "pg_locks"):
            found = worker.look()
        assert given == found + given_around(worker, flight)


@floors
@pytest.mark.parametrize(
    ("pieces", "given"), [({}, [1]), (WITHOUT_IS_CALLED, [])], ids=["ours", "sabotage"]
)
def test_the_very_first_position_is_protected(
    store: EventStore, flight: InFlight, pieces: dict[str, str], given: list[int]
) -> None:
    """A sequence that was never used says the same last value as after its first number."""
    with statements_with(pieces):
        flight.append("first")
        assert given == given_around(Worker(store), flight)


@floors
@pytest.mark.parametrize(
    ("pieces", "given"), [({}, [2, 3]), (LOCKED_ONCE, [3])], ids=["ours", "sabotage"]
)
def test_the_floor_is_locked_again_after_a_savepoint(
    store: EventStore, flight: InFlight, pieces: dict[str, str], given: list[int]
) -> None:
    """ROLLBACK TO SAVEPOINT drops the lock; the next append of the transaction takes it again."""
    with statements_with(pieces):
        savepoint = flight.connection.begin_nested()
        flight.append("undone")
        savepoint.rollback()
        flight.append("early")
        append(store, "late")
        assert given == given_around(Worker(store), flight)


@pytest.mark.needs("writers")
def test_the_counter_belongs_to_the_transaction(database: Database) -> None:
    """Drawn in another transaction it is an auto-increment: what is in flight is lost."""
    dialect = drawn_elsewhere(database.url)
    with store_with(dialect, database.url) as store, in_flight(store) as flight:
        worker = Worker(store)
        flight.append("early")
        append(store, "late")
        assert [2] == given_around(worker, flight)


@pytest.mark.needs("one writer")
def test_one_writer_at_a_time_is_not_enough(database: Database, background: Background) -> None:
    """Numbers reserved in blocks lose events even on SQLite: 2 is committed after 11."""
    with store_with(DrawnInBlocks, database.url) as store:
        worker = Worker(store)
        append(store, "a")
        background(append, store, "b").result()
        assert [1, 11] == worker.look()
        append(store, "a")
        assert [] == worker.look()
