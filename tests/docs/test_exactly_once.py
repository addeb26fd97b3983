"""What `explain/exactly-once.md` says of handlers that step outside the page, as it happens."""

from collections.abc import Iterator

import pytest
from attrs import frozen
from sqlalchemy import Engine, create_engine, text

from sourcery import EventStore, Recorded, Stream, Subscriber, UnitOfWork, event, metadata
from sourcery.errors import ConsumerFailed
from sourcery.worker import ErrorPolicy
from tests.databases import Database


@event("docs.happened")
@frozen
class Happened:
    """The event of these tests."""


INSERT = text("insert into seen values (1)")


@pytest.fixture
def store(database: Database) -> Iterator[EventStore]:
    """A store with one event and a table `seen`."""
    with EventStore(database.url.render_as_string(hide_password=False), events=Happened) as store:
        with store.engine.begin() as connection:
            connection.execute(text("create table seen (n integer)"))
        with UnitOfWork(store) as uow:
            uow.append(Stream("docs", 1), [Happened()])
        yield store


def rows(engine: Engine) -> int:
    """How many rows the table has."""
    with engine.connect() as connection:
        return int(connection.execute(text("select count(*) from seen")).scalar_one())


def fail_after(store: EventStore, *statements: str) -> None:
    """Run a handler that executes these, then raises; without another attempt."""

    def handler(uow: UnitOfWork, recorded: Recorded[Happened]) -> None:
        for statement in statements:
            uow.session.execute(text(statement))
        raise ValueError("as planned")

    policy = ErrorPolicy("stop", retries=0)
    with pytest.raises(ConsumerFailed, match="as planned"):
        Subscriber(store, "docs", handler, events=Happened, on_error=policy).drain(30)


@pytest.mark.promise(21)
def test_a_failed_page_leaves_no_rows(store: EventStore) -> None:
    """The insert is undone with the page."""
    fail_after(store, "insert into seen values (1)")
    assert 0 == rows(store.engine)


def test_ddl_in_a_handler(database: Database, store: EventStore) -> None:
    """On MariaDB it commits half a page; elsewhere it is part of the transaction."""
    fail_after(store, "insert into seen values (1)", "create table other (n integer)")
    assert (1 if database.name.startswith("mariadb") else 0) == rows(store.engine)


@pytest.mark.databases("postgresql", "mariadb")
def test_a_session_of_ones_own_stays_when_the_page_is_undone(store: EventStore) -> None:
    """It is another transaction, which nothing ties to the page."""
    other = create_engine(store.engine.url)

    def handler(uow: UnitOfWork, recorded: Recorded[Happened]) -> None:
        with other.begin() as connection:
            connection.execute(INSERT)
        raise ValueError("as planned")

    policy = ErrorPolicy("skip", retries=0)
    Subscriber(store, "docs", handler, events=Happened, on_error=policy).drain(30)
    other.dispose()
    assert 1 == rows(store.engine)


def test_a_handler_may_override_the_actor(store: EventStore) -> None:
    """The rest of what is carried on stays."""

    def handler(uow: UnitOfWork, recorded: Recorded[Happened]) -> None:
        with metadata(actor="robot"):
            uow.append(Stream("docs", "copy"), [Happened()])

    Subscriber(store, "docs", handler, events=Happened).run_once()
    first, copy = store.read()
    assert ("robot", str(first.event_id)) == (copy.metadata.actor, copy.metadata.causation_id)
