"""Looking at the rows of a consumer again and again, and locking them for a moment.

Whoever steers never waits for a lock: a worker that hangs would hold it up beyond any
timeout. What is locked is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Final, TypeAlias, TypeVar

from sqlalchemy import Connection

from sourcery.consumers import (
    ConsumerRow,
    LeaseLost,
    Ownership,
    all_rows,
    all_shards,
    owners_of,
    rows_of,
)
from sourcery.consumers.whole import try_lock
from sourcery.context import in_handler
from sourcery.database import Database
from sourcery.dialects import Dialect
from sourcery.errors import (
    ConsumerNotFound,
    InvalidArgument,
    RetryTransaction,
    UseTheHandlersSession,
)
from sourcery.log import translated
from sourcery.store import EventStore
from sourcery.waiting import Waiting

T = TypeVar("T")
R = TypeVar("R")
#: What gives the rows of a consumer by its name.
Reading: TypeAlias = Callable[[Connection, Dialect, str], list[R]]

#: Seconds between two looks: at first, and at most.
_INTERVAL: Final = 0.005
_LONGEST: Final = 0.1
#: Seconds for which a lock is tried again and again, and between two tries. A busy worker on
#: SQLite has the database locked but for the moments between its pages.
_PATIENCE: Final = 0.5
_BETWEEN_TRIES: Final = 0.0005

#: What is said when the time is over and they still are.
LOCKED: Final = "its rows are locked by another transaction: try again"


def check_seconds(timeout: float) -> float:
    """Give a timeout back, or raise `InvalidArgument`."""
    if not _is_seconds(timeout):
        raise InvalidArgument("timeout", "must be a number of seconds, 0 or more")
    return timeout


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def refuse_in_handler(what: str) -> None:
    """It would wait for the page that it is part of."""
    if in_handler():
        raise UseTheHandlersSession(what)


def poll(database: Database, timeout: float, look: Callable[[float], T | None]) -> T | None:
    """Look until there is something, at least once; None when the time is over.

    What looks is told how many seconds are left.
    """
    deadline, left = time.monotonic() + timeout, timeout
    with Waiting(database.signal, interval=_INTERVAL, longest=_LONGEST) as waiting:
        while True:
            waiting.mark()
            found = look(left)
            left = deadline - time.monotonic()
            if found is not None or left <= 0:
                return found
            waiting.rest(left)


def rows_now(database: Database, name: str) -> list[ConsumerRow]:
    """The rows of a consumer. Raises `ConsumerNotFound` and `ConsumerDamaged`."""
    return all_shards(_read(database, name, rows_of))


def owners_now(database: Database, name: str) -> list[Ownership]:
    """Who has the shards, whatever else is wrong with the rows. Raises `ConsumerNotFound`."""
    return _read(database, name, owners_of)


def _read(database: Database, name: str, read: Reading[R]) -> list[R]:
    with database.reading() as connection:
        return _found(connection, database, name, read)


def _found(connection: Connection, database: Database, name: str, read: Reading[R]) -> list[R]:
    rows = read(connection, database.dialect, name)
    if not rows:
        raise ConsumerNotFound(name)
    return rows


def consumer_names(store: EventStore) -> list[str]:
    """The names of all consumers that ever ran here, relays included, sorted."""
    with store.database.reading() as connection:
        return sorted({row.name for row in all_rows(connection, store.database.dialect)})


def with_locked_rows(
    database: Database,
    name: str,
    work: Callable[[Connection, list[ConsumerRow]], T | None],
    patience: float,
    shard: int | None = None,
) -> T | None:
    """Do something in a transaction that locks all rows of a consumer, or that of one shard.

    None, and nothing done, when somebody has one of them for longer than `patience` seconds, or
    half a second: try again. Raises `ConsumerNotFound`.
    """
    return _with_locked(database, name, rows_of, work, patience, shard)


def with_locked_owners(
    database: Database,
    name: str,
    work: Callable[[Connection, list[Ownership]], T | None],
    patience: float,
) -> T | None:
    """The same, whatever is wrong with the rows but for who has them."""
    return _with_locked(database, name, owners_of, work, patience)


def _with_locked(
    database: Database,
    name: str,
    read: Reading[R],
    work: Callable[[Connection, list[R]], T | None],
    patience: float,
    shard: int | None = None,
) -> T | None:
    deadline = time.monotonic() + min(patience, _PATIENCE)
    while True:
        try:
            with _writing(database) as connection:
                return work(connection, _lock(connection, database, name, read, shard))
        except LeaseLost:
            return None
        except (_Locked, RetryTransaction):
            if time.monotonic() >= deadline:
                return None
        time.sleep(_BETWEEN_TRIES)


class _Locked(Exception):
    """Somebody else has a row."""


def _lock(
    connection: Connection, database: Database, name: str, read: Reading[R], shard: int | None
) -> list[R]:
    locked = try_lock(connection, name, shard)
    rows = _found(connection, database, name, read)
    if len(locked) < (len(rows) if shard is None else 1):
        raise _Locked
    return rows


@contextmanager
def _writing(database: Database) -> Generator[Connection]:
    dialect = database.dialect
    with (
        translated(dialect),
        database.writing() as connection,
        dialect.impatient(connection),
        connection.begin(),
    ):
        dialect.begin(connection)
        yield connection


def end_owners(database: Database, rows: Sequence[Ownership]) -> None:
    """End the connections of owners whose leases ran out: a frozen one holds locks."""
    for row in rows:
        if row.owner is not None and not row.is_owned and row.backend is not None:
            with database.reading() as connection:
                database.dialect.end_marked(connection, row.backend)
