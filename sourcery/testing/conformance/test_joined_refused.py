"""Sessions and connections that cannot carry a unit of work."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from sourcery import EventStore, UnitOfWork
from sourcery.dialects.sqlite import configure
from sourcery.errors import AutocommitRefused, ConfigurationError, InvalidArgument, WrongDatabase
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.domain import ADA, Deposited, Note, events_stored, open_bank

pytestmark: object = pytest.mark.promise(12)


@pytest.fixture
def elsewhere(other_database: Database) -> Iterator[EventStore]:
    """A store of the same kind in another database."""
    with open_bank(other_database) as store:
        yield store


def refuse(bank: EventStore, owner: Any, error: type[Exception]) -> None:
    """The block is never entered."""
    with pytest.raises(error), UnitOfWork(bank, session=owner):
        pytest.fail("entered")
    assert 0 == events_stored(bank)


def test_a_session_of_another_store_is_refused(bank: EventStore, elsewhere: EventStore) -> None:
    """The same server, the same tables, another database."""
    with Session(elsewhere.engine) as session:
        refuse(bank, session, WrongDatabase)
    with elsewhere.engine.connect() as connection:
        refuse(bank, connection, WrongDatabase)


@pytest.mark.needs("writers")
def test_a_session_of_another_kind_of_database_is_refused(
    bank: EventStore, tmp_path: object
) -> None:
    """A SQLite file beside a server."""
    engine = create_engine(f"sqlite:///{tmp_path}/other.db")
    with Session(engine) as session:
        refuse(bank, session, WrongDatabase)
    engine.dispose()


def test_a_session_without_a_database_is_refused(bank: EventStore) -> None:
    """Unbound, or bound per class only."""
    for session in (Session(), Session(binds={Note: bank.engine})):
        with session:
            refuse(bank, session, WrongDatabase)


def test_an_autocommit_connection_is_refused(bank: EventStore) -> None:
    """Set on the connection, by the caller."""
    connection = bank.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection:
        refuse(bank, connection, AutocommitRefused)
    with bank.engine.connect() as connection, Session(connection) as session:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        refuse(bank, session, AutocommitRefused)


def test_a_session_of_an_autocommit_engine_is_refused(bank: EventStore) -> None:
    """Set by `execution_options` or by `create_engine`."""
    made = create_engine(bank.engine.url, isolation_level="AUTOCOMMIT")
    for engine in (bank.engine.execution_options(isolation_level="AUTOCOMMIT"), made):
        with Session(engine) as session:
            refuse(bank, session, AutocommitRefused)
        with engine.connect() as connection:
            refuse(bank, connection, AutocommitRefused)
    made.dispose()


def test_a_session_that_asks_for_autocommit_is_refused(bank: EventStore) -> None:
    """As the first thing it does."""
    with Session(bank.engine) as session:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        refuse(bank, session, AutocommitRefused)


def test_a_refusal_is_a_configuration_error() -> None:
    """One class to catch at the start of a program."""
    assert issubclass(WrongDatabase, ConfigurationError)
    assert issubclass(AutocommitRefused, ConfigurationError)


class AsyncSession:
    """Has a session's methods, but they are coroutines."""

    async def connection(self) -> object:
        """Awaitable."""

    async def flush(self) -> None:
        """Awaitable."""


def test_what_is_no_session_is_refused(bank: EventStore) -> None:
    """When the unit of work is made."""
    for owner in (AsyncSession(), bank.engine, sessionmaker(bank.engine), "session", Session):
        with pytest.raises(InvalidArgument, match="session"):
            UnitOfWork(bank, session=owner)


def test_an_autocommit_engine_of_the_callers_is_no_danger(bank: EventStore) -> None:
    """The store's own transactions are transactions."""
    engine = create_engine(bank.engine.url, isolation_level="AUTOCOMMIT")
    if engine.dialect.name == "sqlite":
        configure(engine)
    with EventStore(engine) as store, pytest.raises(ZeroDivisionError), UnitOfWork(store) as uow:
        uow.append(ADA, [Deposited(1)])
        uow.session.flush()
        _write_and_fail(uow)
    engine.dispose()
    assert 0 == events_stored(bank)


def _write_and_fail(uow: UnitOfWork) -> None:
    connection = uow.session.connection()
    connection.exec_driver_sql("update sourcery_store set environment = 'changed'")
    raise ZeroDivisionError
