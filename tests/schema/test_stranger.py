"""A database that SQLAlchemy knows by a dialect of somebody else's, under a name of its own.

It is PostgreSQL in truth, served by our base dialect: nothing becomes a time or a number by itself.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from alembic.ddl import impl
from sqlalchemy import URL, create_engine, text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from sourcery import EventStore, UnitOfWork, dialects
from sourcery.dialects import Dialect
from sourcery.errors import AutocommitRefused, DatabaseMisconfigured
from tests.databases import Database
from tests.domain import Account

pytestmark = pytest.mark.databases("postgresql")

NAME = "stranger"


class Stranger(PGDialect_psycopg):
    """A database of nobody's."""

    name = NAME
    supports_statement_cache = True


@pytest.fixture
def url(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> URL:
    """Of one without tables, which SQLAlchemy and we know, and Alembic does not."""
    monkeypatch.setitem(registry.impls, NAME, lambda: Stranger)
    monkeypatch.setitem(dialects._loaders, NAME, lambda: Dialect)
    monkeypatch.setattr(impl, "_impls", dict(impl._impls))
    return empty_database.url.set(drivername=NAME)


@pytest.fixture
def store(url: URL) -> Iterator[EventStore]:
    """With our tables, since Alembic was told of it."""
    type("StrangerImpl", (impl.DefaultImpl,), {"__dialect__": NAME, "transactional_ddl": True})
    with EventStore(url, aggregates=[Account]) as store:
        store.upgrade()
        yield store


def test_alembic_has_to_know_the_database_as_well(url: URL) -> None:
    """A typed error that says what is missing."""
    with (
        EventStore(url) as store,
        pytest.raises(DatabaseMisconfigured, match="Alembic knows no database 'stranger'"),
    ):
        store.upgrade()


def test_times_are_the_databases(store: EventStore) -> None:
    """As the driver gives them, not as text."""
    with UnitOfWork(store) as uow:
        uow.create(Account, "ada").deposit(5)
    [recorded] = store.read()
    assert abs(datetime.now(UTC) - recorded.recorded_at) < timedelta(minutes=5)


def test_a_message_is_accepted_once(store: EventStore) -> None:
    """The database's clock is written into a column of times."""
    accepted: list[bool] = []
    for _ in range(2):
        with UnitOfWork(store) as uow:
            accepted.append(uow.accept("payments", "1"))
    assert [True, False] == accepted


def test_a_connection_that_commits_by_itself_is_refused(store: EventStore) -> None:
    """Though only its engine says so."""
    engine = create_engine(store.engine.url, isolation_level="AUTOCOMMIT")
    with (
        engine.connect() as connection,
        pytest.raises(AutocommitRefused),
        UnitOfWork(store, session=connection),
    ):
        pass
    engine.dispose()


def test_only_a_taken_position_says_that_the_store_was_rewound(store: EventStore) -> None:
    """Drivers quote statements in errors of every kind, and with them our tables and columns."""
    with store.engine.begin() as connection:
        connection.exec_driver_sql("drop table sourcery_outbox")
    with pytest.raises(DBAPIError), UnitOfWork(store) as uow:
        uow.publish("payments", payload={})


def test_what_was_rolled_back_by_the_database_is_run_again(store: EventStore) -> None:
    """Drivers tell SQL's own code for it."""
    raising = "do $$ begin raise exception using errcode = '40001'; end $$"
    with store.engine.connect() as connection, pytest.raises(DBAPIError) as failed:
        connection.execute(text(raising))
    assert store.database.dialect.restarts(failed.value)
