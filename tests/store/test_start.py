"""What a store checks at its first use, and what it refuses."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from sourcery import EventStore, Stream, UnitOfWork, schema
from sourcery.errors import (
    DatabaseMisconfigured,
    SchemaAhead,
    SchemaBehind,
    SchemaMissing,
    WrongEnvironment,
)
from tests.databases import Database
from tests.domain import Opened


def change(database: Database, statement: str) -> None:
    """Alter the database behind the store's back."""
    engine = create_engine(database.url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def open_store(database: Database, **options: str) -> EventStore:
    return EventStore(database.url, events=Opened, **options)


def test_a_database_without_tables_says_what_to_run(empty_database: Database) -> None:
    """The first use of an empty database names the missing upgrade, not a missing table."""
    with open_store(empty_database) as store, pytest.raises(SchemaMissing, match="upgrade"):
        list(store.read())


def test_a_store_whose_row_is_gone_says_how_to_mend_it(database: Database) -> None:
    """An upgrade does nothing there, and the statement that is told does."""
    with open_store(database) as store, UnitOfWork(store) as uow:
        uow.append(Stream("account", 1), [Opened("Ada")])
    change(database, "delete from sourcery_store")
    with open_store(database) as store:
        for use in (store.settled, store.upgrade):
            with pytest.raises(DatabaseMisconfigured, match="put the row back") as told:
                use()
    change(database, str(told.value)[str(told.value).index("INSERT") :])
    with open_store(database) as store:
        store.upgrade()
        assert [Opened("Ada")] == [recorded.event for recorded in store.read()]


@pytest.mark.promise(44)
def test_a_schema_that_is_behind_is_refused(database: Database) -> None:
    """Code newer than the schema does not start."""
    change(database, "update sourcery_store set revision = 0")
    with open_store(database) as store, pytest.raises(SchemaBehind) as refused:
        store.settled()
    assert (0, schema.REVISION) == (refused.value.found, refused.value.needed)


@pytest.mark.promise(44)
def test_a_newer_schema_that_still_lets_this_code_in_is_used(database: Database) -> None:
    """The previous release's code runs on the new schema."""
    change(database, "update sourcery_store set revision = revision + 1")
    with open_store(database) as store:
        assert 0 == store.settled()


@pytest.mark.promise(44)
def test_a_schema_that_needs_newer_code_is_refused(database: Database) -> None:
    """A schema that no longer supports this code says which revision it needs."""
    change(database, "update sourcery_store set revision = 9999, minimum_revision = 9998")
    with open_store(database) as store, pytest.raises(SchemaAhead) as refused:
        store.settled()
    assert (9998, schema.REVISION) == (refused.value.minimum, refused.value.known)


def test_a_refused_unit_of_work_writes_nothing(database: Database) -> None:
    """The check comes before the first statement of a unit of work."""
    change(database, "update sourcery_store set revision = 0")
    with open_store(database) as store, pytest.raises(SchemaBehind), UnitOfWork(store) as uow:
        uow.append(Stream("account", 1), [Opened("Ada")])
    change(database, f"update sourcery_store set revision = {schema.REVISION}")
    with open_store(database) as store:
        assert [] == list(store.read())


def test_the_first_store_with_an_environment_names_it(database: Database) -> None:
    """Later stores of another environment are refused, stores without one are not asked."""
    with open_store(database, environment="production") as store:
        assert "production" == store.database.identity.environment
    with open_store(database, environment="staging") as store:
        with pytest.raises(WrongEnvironment) as refused:
            store.settled()
        assert ("production", "staging") == (refused.value.found, refused.value.expected)
    with open_store(database) as store:
        assert 0 == store.settled()


def test_a_store_takes_an_engine_and_leaves_it_open(database: Database) -> None:
    """The caller's engine is used as it is and not closed with the store."""
    engine = create_engine(database.url)
    with EventStore(engine, events=Opened) as store:
        assert 0 == store.settled()
    with engine.connect() as connection:
        assert 1 == connection.execute(text("select 1")).scalar()
    engine.dispose()


def test_a_store_makes_sessions_with_the_callers_sessionmaker(database: Database) -> None:
    """`uow.session` is of the caller's class, on the transaction of the unit."""

    class OurSession(Session):
        pass

    with open_store(database) as store:
        theirs = EventStore(sessionmaker(store.engine, class_=OurSession), events=Opened)
        with UnitOfWork(theirs) as uow:
            assert isinstance(uow.session, OurSession)


def test_the_clock_of_the_store_is_the_time_of_its_events(database: Database) -> None:
    """`clock=` gives `recorded_at`, to the microsecond."""
    moment = datetime(2013, 2, 4, 5, 6, 7, 123456, tzinfo=UTC)
    with EventStore(database.url, events=Opened, clock=lambda: moment) as store:
        with UnitOfWork(store) as uow:
            uow.append(Stream("account", 1), [Opened("Ada"), Opened("Bob")])
        assert [moment, moment] == [r.recorded_at for r in store.read()]
