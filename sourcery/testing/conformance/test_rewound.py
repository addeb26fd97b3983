"""Rule 7: a source of positions that was altered or fell behind stops the store, typed."""

import pytest

from sourcery import EventStore, Subscriber, UnitOfWork
from sourcery.consumers import EVENTS, ConsumerSpec, register, rows_of
from sourcery.errors import DatabaseMisconfigured, InvalidArgument, StoreRewound
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.support import (
    InFlight,
    Worker,
    after_statement,
    append,
    execute,
    fall_back,
    in_flight,
    read,
)

pytestmark: object = pytest.mark.promise(17, 49)


@pytest.fixture
def behind(store: EventStore) -> EventStore:
    """A running store with five events, whose source of positions then fell back to 2."""
    append(store, "a", 5)
    fall_back(store, 2)
    return store


def test_rule_7_a_store_does_not_start_behind(behind: EventStore, database: Database) -> None:
    """Every use of it fails before anything is written."""
    with EventStore(database.url) as new, pytest.raises(StoreRewound, match="position 5"):
        new.settled()
    with EventStore(database.url) as new, pytest.raises(StoreRewound):
        append(new)


@pytest.mark.parametrize("count", [1, 2])
def test_rule_7_a_position_taken_is_no_conflict(behind: EventStore, count: int) -> None:
    """A running store finds out as it appends; the stream itself had no other writer."""
    with pytest.raises(StoreRewound):
        append(behind, "b", count)


def test_rule_7_messages_find_it_out_too(store: EventStore, database: Database) -> None:
    """The greatest position may be in the outbox alone."""
    with UnitOfWork(store) as uow:
        for _ in range(5):
            uow.publish("topic", payload={})
    fall_back(store, 2)
    with EventStore(database.url) as new, pytest.raises(StoreRewound):
        new.settled()
    with pytest.raises(StoreRewound), UnitOfWork(store) as uow:
        uow.publish("topic", payload={})


@pytest.fixture
def passed(store: EventStore) -> EventStore:
    """A consumer passed position 5; then the logs went back to position 2, and it did not."""
    append(store, "a", 5)
    spec = ConsumerSpec(name="balances", log=EVENTS, shards=1, filter="all")
    with store.database.connect_to_write() as connection, connection.begin():
        register(connection, store.database.dialect, spec, 5)
    execute(store, "DELETE FROM sourcery_events WHERE position > 2")
    fall_back(store, 2)
    return store


@pytest.mark.usefixtures("passed")
def test_rule_7_a_consumer_may_not_stand_ahead(database: Database) -> None:
    """It would never be given what is recorded at the positions that it has passed."""
    with EventStore(database.url) as new, pytest.raises(StoreRewound, match="position 5"):
        new.settled()
    with EventStore(database.url) as new, pytest.raises(StoreRewound):
        append(new)


def test_rule_7_unchecked_a_consumer_misses_events(passed: EventStore) -> None:
    """The test of the test: a store that runs already records below the checkpoint."""
    append(passed, "b", 3)

    with passed.engine.connect() as connection:
        [row] = rows_of(connection, passed.database.dialect, "balances")
    assert ([1, 2, 3, 4, 5], []) == (read(passed), read(passed, after=row.position))


def test_rule_7_no_consumer_begins_beyond_the_end(store: EventStore, database: Database) -> None:
    """A number that was mistyped is refused; stored, it would stop every store."""
    append(store, "a", 2)
    beyond = Subscriber(store, "balances", lambda uow, recorded: None, events=Happened, after=9)
    with pytest.raises(InvalidArgument, match="position 9 is beyond the log, whose last one is 2"):
        beyond.run_once()
    with EventStore(database.url) as new:
        assert 2 == new.settled()


@pytest.mark.usefixtures("passed")
def test_rule_7_repair_goes_on_above_consumers_too(database: Database) -> None:
    """The next event comes after all that any consumer has passed, so it is given it."""
    with EventStore(database.url) as new:
        new.repair()
        assert 6 == append(new, "b").last
        assert [6] == read(new, after=5)
    with EventStore(database.url) as new:
        assert 6 == new.settled()


def test_rule_7_repair_mends_it(behind: EventStore, database: Database) -> None:
    """It goes on above every stored position, in a new generation."""
    generation = behind.database.identity.generation
    behind.repair()
    assert 6 == append(behind, "b").last
    assert [1, 2, 3, 4, 5, 6] == read(behind)
    with EventStore(database.url) as new:
        assert generation + 1 == new.database.identity.generation


def test_rule_7_repair_of_a_store_that_cannot_start(behind: EventStore, database: Database) -> None:
    """The call that the error names works in a new process."""
    with EventStore(database.url) as new:
        new.repair()
        assert 6 == append(new, "b").last


def test_rule_7_repair_never_goes_back(store: EventStore) -> None:
    """Numbers that were drawn and rolled back stay drawn."""
    append(store, "a", 5)
    settled = store.settled()
    store.repair()
    assert settled == store.settled()


@pytest.mark.needs("floors")
@pytest.mark.parametrize("change", ["CACHE 10", "INCREMENT 2", "MAXVALUE 9999 CYCLE"])
def test_rule_7_an_altered_sequence_is_refused(
    store: EventStore, database: Database, change: str
) -> None:
    """Numbers that sessions keep for later, or that come again, break the order."""
    execute(store, f"ALTER SEQUENCE sourcery_positions_seq {change}")
    with EventStore(database.url) as new, pytest.raises(DatabaseMisconfigured, match="altered"):
        append(new)


@pytest.mark.needs("floors")
def test_rule_7_a_cache_loses(store: EventStore) -> None:
    """The test of the test: a session appends from its cache, below what readers passed."""
    execute(store, "ALTER SEQUENCE sourcery_positions_seq CACHE 10")
    with in_flight(store) as flight, in_flight(store) as other:
        flight.append("a")
        flight.commit()
        other.append("b")
        other.commit()
        worker = Worker(store)
        assert [1, 11] == worker.look()
        again = InFlight(store, flight.connection, flight.connection.begin())
        again.append("a")
        again.commit()
        assert [] == worker.look()


@pytest.mark.needs("floors")
def test_rule_7_a_missing_sequence_is_refused(store: EventStore, database: Database) -> None:
    """It is no table, so `alembic check` does not miss it."""
    execute(store, "DROP SEQUENCE sourcery_positions_seq")
    with EventStore(database.url) as new, pytest.raises(DatabaseMisconfigured, match="missing"):
        append(new)


@pytest.mark.needs("counter")
def test_rule_7_a_missing_counter_row_is_refused(store: EventStore, database: Database) -> None:
    """In a running store and in a new one."""
    append(store)
    execute(store, "DELETE FROM sourcery_positions")
    with pytest.raises(StoreRewound, match="gone"):
        store.settled()
    with pytest.raises(StoreRewound, match="gone"):
        append(store)
    with EventStore(database.url) as new, pytest.raises(StoreRewound):
        append(new)


def test_rule_7_writers_do_not_disturb_the_check(store: EventStore, database: Database) -> None:
    """A store starts while others append: the source is read after the tables."""
    with EventStore(database.url) as new:
        engine = new.database.engine
        with after_statement(engine, lambda: append(store), "sourcery_outbox"):
            assert 1 == new.settled()
