"""Who holds back the settled position longest, on PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from sourcery import EventStore, Stream, UnitOfWork
from tests.control.support import deposits, registered
from tests.databases import Database, Server
from tests.domain import ADA, BOB, Deposited
from tests.ordering.support import in_flight

pytestmark = [pytest.mark.databases("postgresql"), pytest.mark.promise(49)]


def append(store: EventStore, connection: object, stream: Stream) -> None:
    """Append in an open transaction."""
    with UnitOfWork(store, session=connection) as uow:
        uow.append(stream, [Deposited(1)])


@pytest.fixture
def named(database: Database) -> Iterator[EventStore]:
    """A store whose connections say what they are."""
    url = make_url(database.url).update_query_dict({"application_name": "importer"})
    with EventStore(url, events=Deposited) as store:
        yield store


def test_rule_20_nobody_holds_it_back(bank: EventStore) -> None:
    """What is committed holds nothing."""
    deposits(bank, ADA)
    assert registered(bank).health().oldest_floor is None


def test_rule_20_an_open_transaction_is_named(bank: EventStore, named: EventStore) -> None:
    """With its age, its backend, its application and what it does; the oldest of several."""
    deposits(bank, ADA)
    consumer = registered(bank)
    with in_flight(named) as first, in_flight(bank) as second:
        append(named, first.connection, BOB)
        pid = first.execute("select pg_backend_pid()").scalar_one()
        deposits(bank, ADA)
        append(bank, second.connection, Stream("account", "eve"))
        health = consumer.health()
    floor = health.oldest_floor
    assert floor is not None
    assert (1, pid, "importer", "idle in transaction", None) == (
        floor.position,
        floor.backend,
        floor.application_name,
        floor.state,
        floor.prepared,
    )
    assert (1, True) == (health.settled, 0 <= (floor.age or -1) < 60)


@pytest.mark.parametrize("restarted", [False, True])
def test_rule_20_a_prepared_transaction_is_named(
    bank: EventStore, server: Server, *, restarted: bool
) -> None:
    """It has no backend, and may stay for days; the server's restart does not end it."""
    consumer = registered(bank)
    with in_flight(bank) as flight:
        append(bank, flight.connection, ADA)
        flight.execute("PREPARE TRANSACTION 'forgotten'")
    if restarted:
        bank.engine.dispose()
        server.kill()
        server.start()
    floor = consumer.health().oldest_floor
    with bank.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("ROLLBACK PREPARED 'forgotten'"))
    assert floor is not None
    assert ("forgotten", None, 0) == (floor.prepared, floor.backend, floor.position)
    assert (floor.age or -1) >= 0
    assert consumer.health().oldest_floor is None


def test_rule_20_other_locks_are_not_named(bank: EventStore, database: Database) -> None:
    """Of other programs, and of transactions that append nothing."""
    consumer = registered(bank)
    other = create_engine(database.url)
    with other.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(7), txid_current()"))
        assert consumer.health().oldest_floor is None
    other.dispose()


def test_rule_20_what_the_user_may_not_see_is_left_out(
    bank: EventStore, database: Database
) -> None:
    """A role of few rights sees who, but not since when."""
    with bank.engine.begin() as connection:
        connection.execute(text("CREATE ROLE watcher LOGIN PASSWORD 'w'"))
        for right in ("USAGE ON SCHEMA public", "SELECT ON ALL TABLES IN SCHEMA public"):
            connection.execute(text(f"GRANT {right} TO watcher"))
        connection.execute(text("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO watcher"))
    registered(bank)
    try:
        watcher = EventStore(database.url.set(username="watcher", password="w"), notify=False)
        with in_flight(bank) as flight, watcher:
            append(bank, flight.connection, ADA)
            with watcher.database.reading() as connection:
                floor = watcher.database.dialect.oldest_floor(connection)
        assert floor is not None
        assert (0, None, True) == (floor.position, floor.age, floor.backend is not None)
    finally:
        with bank.engine.begin() as connection:
            connection.execute(text("DROP OWNED BY watcher"))
            connection.execute(text("DROP ROLE watcher"))
