"""Two connections and one order of steps: what the deterministic tests are made of."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from attrs import define, field
from sqlalchemy import Connection, Engine, Transaction, event

from sourcery import EventStore, Stream, Token, UnitOfWork
from sourcery.dialects import Dialect, Frontier
from sourcery.dialects.postgresql import PostgreSQLDialect
from sourcery.log import Query, page
from sourcery.testing.conformance.happened import Happened

#: Seconds after which a test gives up waiting; nothing waits so long when all is well.
DEADLINE = 20.0
EVERYTHING = Query(kinds=("ordering.happened",))


def wait_until(condition: Callable[[], Any], timeout: float = DEADLINE) -> None:
    """Wait for what another thread or the server does."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not so after {timeout} s"
        time.sleep(0.005)


def append(store: EventStore, stream_id: str | int = "a", count: int = 1) -> Token:
    """Append events to a stream in a unit of work of its own."""
    with UnitOfWork(store) as uow:
        uow.append(Stream("thing", stream_id), [Happened(n) for n in range(count)])
    return uow.token


def read(store: EventStore, after: int = 0) -> list[int]:
    """Give the positions that a reader is given behind its checkpoint."""
    return [recorded.position for recorded in store.read(events=Happened, after=after)]


def stored(store: EventStore) -> list[int]:
    """Give the positions of all committed events, settled or not."""
    return [r.position for r in store.read(events=Happened, unsettled=True)]


@define
class Consumer:
    """Reads as `store.read` does, and keeps the last position read as its checkpoint."""

    store: EventStore
    checkpoint: int = 0
    #: What it was given, in order: stream id and version.
    given: list[tuple[str, int]] = field(factory=list[tuple[str, int]])

    def look(self) -> list[tuple[str, int]]:
        """Read on; what has come since the last look."""
        before = len(self.given)
        for recorded in self.store.read(events=Happened, after=self.checkpoint):
            self.given.append((recorded.stream.id, recorded.version))
            self.checkpoint = recorded.position
        return self.given[before:]


@define
class Worker:
    """Pages by frontiers, as a worker will: an unfilled page moves the checkpoint on."""

    store: EventStore
    checkpoint: int = 0

    def look(self) -> list[int]:
        """Read a page behind a new frontier; its positions."""
        return self.page(self.store.database.frontier())

    def page(self, frontier: Frontier) -> list[int]:
        """Read the page behind a frontier; its positions."""
        database = self.store.database
        with database.reading() as connection:
            return self.page_on(connection, database.dialect, frontier)

    def page_on(self, connection: Connection, dialect: Dialect, frontier: Frontier) -> list[int]:
        """Read the page on a connection of the caller's."""
        bounds = {"above": self.checkpoint, "upto": frontier.settled, "limit": 1000}
        rows = page(connection, dialect, EVERYTHING, frontier=frontier, **bounds)
        self.checkpoint = max(self.checkpoint, frontier.settled)
        return [row[0] for row in rows]


@define
class InFlight:
    """A transaction of an application that has not ended yet."""

    store: EventStore
    connection: Connection
    transaction: Transaction

    def append(self, stream_id: str | int = "a", count: int = 1) -> Token:
        """Append in a unit of work that joins the transaction."""
        with UnitOfWork(self.store, session=self.connection) as uow:
            uow.append(Stream("thing", stream_id), [Happened(n) for n in range(count)])
        return uow.token

    def execute(self, statement: str) -> Any:
        """Do something else in the transaction."""
        return self.connection.exec_driver_sql(statement)

    def commit(self) -> None:
        """Make it visible."""
        self.transaction.commit()

    def rollback(self) -> None:
        """Undo it."""
        self.transaction.rollback()


@contextmanager
def in_flight(store: EventStore) -> Generator[InFlight]:
    """Open a transaction for writing; rolled back at the end unless it was ended before."""
    with store.database.connect_to_write() as connection:
        transaction = connection.begin()
        yield InFlight(store, connection, transaction)
        if transaction.is_active:
            transaction.rollback()


def execute(store: EventStore, statement: str) -> None:
    """Do by hand what nobody should; commits."""
    with store.database.connect_to_write() as connection, connection.begin():
        connection.exec_driver_sql(statement)


def fall_back(store: EventStore, last: int) -> None:
    """Let the source of positions say that this one was the last: as after a wrong restore."""
    if isinstance(store.database.dialect, PostgreSQLDialect):
        execute(store, f"SELECT setval('sourcery_positions_seq', {last})")
    else:
        execute(store, f"UPDATE sourcery_positions SET last = {last}")


@contextmanager
def late_floor(store: EventStore) -> Generator[None]:
    """Be a writer on PostgreSQL that locks the floor 0, read before any number was drawn."""
    oid = "'sourcery_positions_seq'::regclass::oid::bigint & 8388607"
    with in_flight(store) as late:
        late.execute(f"select pg_advisory_xact_lock_shared(({oid}) << 40)")
        yield


@contextmanager
def after_statement(engine: Engine, action: Callable[[], object], *parts: str) -> Generator[None]:
    """Act once, right after the first statement that holds one of the parts."""
    waiting = [action]

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if waiting and any(part in statement for part in parts):
            waiting.pop()()

    event.listen(engine, "after_cursor_execute", executed)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", executed)
    assert not waiting, f"no statement held any of {parts}"
