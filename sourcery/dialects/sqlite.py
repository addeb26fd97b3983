"""SQLite: one writer at a time, many readers, WAL.

The driver's defaults lose updates or fail with "database is locked": a transaction that
begins as a reader cannot become a writer once another has written. So writers BEGIN
IMMEDIATE from their first statement, and connections that only read BEGIN DEFERRED.
"""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar, Final, cast
from weakref import WeakSet

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Insert,
    Table,
    Text,
    bindparam,
    event,
    func,
    insert,
    literal_column,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import Pool

from sourcery import schema
from sourcery.dialects.base import Dialect
from sourcery.dialects.connections import BRIEF_LOCK_MS
from sourcery.dialects.place import NAME_LENGTH, Place
from sourcery.dialects.statements import Statement
from sourcery.errors import DatabaseMisconfigured, StoreRewound

#: Execution option of a connection that will never write.
READ_ONLY: Final = "sourcery_read_only"
#: Seconds that a writer waits for another one.
BUSY_TIMEOUT: Final = 30.0
_CONFIGURED: Final = "sourcery_configured"

_pools_warned: WeakSet[Pool] = WeakSet()


def configure(engine: Engine) -> None:
    """Make an engine of your own fit for concurrent units of work.

    Sets WAL, a busy timeout of 30 seconds and BEGIN IMMEDIATE for writers. Call it once,
    before the engine's first connection.
    """
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _on_connect(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin by itself
    record.info[_CONFIGURED] = True
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA foreign_keys = ON")
    finally:
        cursor.close()


def _on_begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN DEFERRED" if reads else "BEGIN IMMEDIATE")


_DRAW: Final = Statement(
    update(schema.positions)
    .where(schema.positions.c.id == 1)
    .values(last=schema.positions.c.last + bindparam("count"))
    .returning(
        schema.positions.c.last,
        literal_column("strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'", Text()),
    )
)


_PATH: Final = "SELECT file FROM pragma_database_list WHERE name = 'main'"


class SQLiteDialect(Dialect):
    """The counter row, drawn in one statement; BEGIN IMMEDIATE makes it the only writer."""

    write_options: ClassVar[Mapping[str, Any]] = {READ_ONLY: False}
    read_options: ClassVar[Mapping[str, Any]] = {READ_ONLY: True}
    snapshot_options: ClassVar[Mapping[str, Any]] = {READ_ONLY: True}
    single_options: ClassVar[Mapping[str, Any]] = {READ_ONLY: False}

    def configure(self, engine: Engine) -> None:
        configure(engine)

    def out_of_reach(self, error: DBAPIError) -> str | None:
        if "unable to open" not in str(error.orig):
            return None
        return "make its folder, and let this program write there"

    def accept(self, engine: Engine) -> None:
        if engine.url.database in (None, "", ":memory:"):
            raise DatabaseMisconfigured(
                "an in-memory SQLite engine is another database in each thread",
                'use EventStore("sqlite://"), a private temporary file',
            )

    def begin(self, connection: Connection) -> None:
        if not _driver_connection(connection).in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        self._warn_once(connection)

    def begin_snapshot(self, connection: Connection) -> None:
        if not _driver_connection(connection).in_transaction:
            connection.exec_driver_sql("BEGIN DEFERRED")

    def _warn_once(self, connection: Connection) -> None:
        pool = connection.engine.pool
        if _CONFIGURED in connection.info or pool in _pools_warned:
            return
        _pools_warned.add(pool)
        warnings.warn(
            "this SQLite engine begins transactions as a reader, so concurrent writers fail "
            'with "database is locked": call sourcery.dialects.sqlite.configure(engine)',
            stacklevel=2,
        )

    @contextmanager
    def impatient(self, connection: Connection) -> Generator[None]:
        with _busy_timeout(connection, 0):
            yield

    @contextmanager
    def brief_locks(self, connection: Connection) -> Generator[None]:
        with _busy_timeout(connection, BRIEF_LOCK_MS):
            yield

    def is_autocommit(self, connection: Connection) -> bool:
        driver = _driver_connection(connection)
        return driver.isolation_level is None and not driver.in_transaction

    def place(self, connection: Connection) -> Place:
        """The end of the file's absolute path, symbolic links resolved as SQLite does."""
        path = connection.exec_driver_sql(_PATH).scalar() or ""
        return Place(path[-NAME_LENGTH:])

    def draw(self, connection: Connection, count: int) -> tuple[int, Any]:
        row = _DRAW.run(connection, {"count": count}).one_or_none()
        if row is None:
            raise StoreRewound("the row of sourcery_positions is gone")
        return row[0] - count + 1, row[1]

    def unless_there(self, table: Table, values: Mapping[str, Any]) -> Insert:
        return insert(table).values(values).prefix_with("OR IGNORE")

    def now_text(self) -> ColumnElement[str]:
        return func.strftime("%Y-%m-%d %H:%M:%f", "now")

    def has_ended(self, connection: Connection) -> bool:
        """What comes now would commit by itself, statement by statement."""
        return not _driver_connection(connection).in_transaction

    def clock_floor(self, moment: datetime) -> datetime:
        """It shows milliseconds."""
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def now_moment(self) -> ColumnElement[Any]:
        return func.strftime("%Y-%m-%d %H:%M:%f000", "now")

    def restarts(self, error: DBAPIError) -> bool:
        code = getattr(error.orig, "sqlite_errorcode", 0) or 0
        return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@contextmanager
def _busy_timeout(connection: Connection, milliseconds: int) -> Generator[None]:
    driver = _driver_connection(connection)
    [before] = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout = {milliseconds}")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout = {before}")


def _driver_connection(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    return cast(sqlite3.Connection, driver)
