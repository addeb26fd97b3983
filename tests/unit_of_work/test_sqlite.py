"""SQLite: engines of the caller's, the private temporary database, and waiting writers."""

import warnings
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from sourcery import EventStore, UnitOfWork, transact
from sourcery.dialects.sqlite import configure
from sourcery.errors import DatabaseMisconfigured, RetryTransaction
from sourcery.testing.conformance.together import together
from tests.databases import Database
from tests.domain import ADA, Account, Deposited, Note, append, events_stored, make_notes, versions

pytestmark = [pytest.mark.promise(49), pytest.mark.databases("sqlite")]


@pytest.fixture
def plain(database: Database) -> Engine:
    """An engine as SQLAlchemy makes it."""
    engine = create_engine(database.url)
    yield engine
    engine.dispose()


def test_a_plain_engine_works_and_warns_once(plain: Engine) -> None:
    """Its own units of work and joined ones."""
    make_notes(plain)
    with EventStore(plain, aggregates=[Account]) as store:
        with pytest.warns(UserWarning, match=r"configure\(engine\)"), UnitOfWork(store) as uow:
            uow.create(Account, "ada").open("Ada")
        with warnings.catch_warnings(action="error"):
            append(store, ADA, [Deposited(1)])
            with Session(plain) as session:
                session.add(Note(text="beside"))
                with UnitOfWork(store, session=session) as uow:
                    uow.get(Account, "ada").deposit(2)
                session.commit()
        assert [1, 2, 3] == versions(store, ADA)


@pytest.mark.filterwarnings("ignore:this SQLite engine")
def test_a_plain_engine_is_atomic(plain: Engine) -> None:
    """Its driver would begin no transaction for what we write first."""
    with EventStore(plain, aggregates=[Account]) as store:
        with pytest.raises(ZeroDivisionError), Session(plain) as session:
            with UnitOfWork(store, session=session) as uow:
                uow.create(Account, "ada").open("Ada")
            raise ZeroDivisionError
        assert 0 == events_stored(store)


def test_a_configured_engine_does_not_warn(plain: Engine) -> None:
    """It was made fit, by one call."""
    configure(plain)
    with EventStore(plain, aggregates=[Account]) as store:
        append(store, ADA, [Deposited(1)])
        with plain.connect() as connection:
            assert "wal" == connection.exec_driver_sql("pragma journal_mode").scalar()


def test_the_private_database_works_across_threads() -> None:
    """Writers wait for each other; none is told that the database is locked."""
    with EventStore("sqlite://", aggregates=[Account]) as store:
        store.upgrade()

        def deposit(number: int) -> None:
            for _ in range(5):
                transact(store, lambda uow: uow.get_or_create(Account, "ada").deposit(number))

        assert [None] * 6 == together(6, deposit)
        assert list(range(1, 31)) == versions(store, ADA)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_the_private_database_is_private_and_goes_away(url: str) -> None:
    """Two stores share nothing, and no file stays."""
    first, second = EventStore(url, aggregates=[Account]), EventStore(url, aggregates=[Account])
    for store in (first, second):
        store.upgrade()
    append(first, ADA, [Deposited(1)])
    assert 0 == events_stored(second)
    files = [Path(store.engine.url.database) for store in (first, second)]
    assert all(file.exists() for file in files)
    for store in (first, second):
        store.close()
        store.close()
    assert not any(file.parent.exists() for file in files)


def test_an_in_memory_engine_is_refused() -> None:
    """It would be another database in each thread."""
    with pytest.raises(DatabaseMisconfigured, match="in-memory"):
        EventStore(create_engine("sqlite://"))


@pytest.fixture
def impatient(database: Database) -> Engine:
    """A configured engine whose writers do not wait at all."""
    engine = create_engine(database.url)
    configure(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma busy_timeout = 0")
    yield engine
    engine.dispose()


def test_a_writer_that_waited_in_vain_is_told_to_retry(bank: EventStore, impatient: Engine) -> None:
    """At the end of the block, at a load, at the session, and joined: always typed."""
    with EventStore(impatient, aggregates=[Account]) as store, bank.engine.connect() as busy:
        store.settled()
        busy.exec_driver_sql("select 1")
        with pytest.raises(RetryTransaction), UnitOfWork(store) as uow:
            uow.append(ADA, [Deposited(1)])
        with pytest.raises(RetryTransaction), UnitOfWork(store) as uow:
            uow.get_or_create(Account, "ada")
        with pytest.raises(RetryTransaction), UnitOfWork(store) as uow:
            assert uow.session
        with pytest.raises((RetryTransaction, OperationalError)), Session(impatient) as session:
            UnitOfWork(store, session=session).__enter__()
    assert 0 == events_stored(bank)


def test_readers_do_not_wait_for_a_writer(bank: EventStore) -> None:
    """Nor does a writer for them."""
    append(bank, ADA, [Deposited(1)])
    reader = bank.read()
    with UnitOfWork(bank) as uow:
        uow.get(Account, "ada").deposit(2)
        assert [1] == versions(bank, ADA)
        assert 1 == next(reader).version
    assert [1, 2] == versions(bank, ADA)
