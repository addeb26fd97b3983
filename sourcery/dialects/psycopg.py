"""What holds for every server that psycopg 3 talks to, PostgreSQL or not."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, cast, func
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import Text

from sourcery import schema
from sourcery.dialects.base import Dialect
from sourcery.dialects.connections import BRIEF_LOCK_MS
from sourcery.dialects.driver import failed
from sourcery.dialects.privileges import refused_by_postgresql, told_by_postgresql
from sourcery.errors import PrivilegeMissing
from sourcery.recorded import COLUMNS

#: PQTRANS_IDLE.
_IDLE: Final = 0
#: Milliseconds to wait until an ended backend is gone.
_PATIENCE: Final = 5000
_END_BACKEND: Final = (
    "select pg_terminate_backend(pid, %s) from pg_stat_activity "
    "where pid = %s and datname = current_database() and usename = current_user"
)
_MARK: Final = (
    "select pid, (extract(epoch from backend_start) * 1000000)::bigint "
    "from pg_stat_activity where pid = pg_backend_pid()"
)
_END_MARKED: Final = (
    _END_BACKEND + " and (extract(epoch from backend_start) * 1000000)::bigint = %s"
)


class ThroughPsycopg(Dialect):
    """What holds for every server that psycopg talks to."""

    @contextmanager
    def single_statement(self, connection: Connection) -> Generator[None]:
        """It commits by itself: one trip to the server, not three."""
        driver: Any = connection.connection.driver_connection
        driver_error = connection.dialect.loaded_dbapi.Error
        try:
            driver.autocommit = True
        except driver_error as error:
            failed(connection, error, "autocommit", (), None)
        try:
            yield
        finally:
            try:
                driver.autocommit = False
            except driver_error:  # lost, or busy: better none than one that commits by itself
                connection.invalidate()

    def has_ended(self, connection: Connection) -> bool:
        driver: Any = connection.connection.driver_connection
        return bool(driver.info.transaction_status == _IDLE)

    def backend(self, connection: Connection) -> int | None:
        driver: Any = connection.connection.driver_connection
        return int(driver.info.backend_pid)

    def end_backend(self, connection: Connection, backend: int) -> bool:
        """Ended means gone: until then it may still be committing."""
        ended = connection.exec_driver_sql(_END_BACKEND, (_PATIENCE, backend)).scalar()
        return ended is not False

    def backend_mark(self, connection: Connection) -> str | None:
        """Process id and start: a number is given to another process one day."""
        row = connection.exec_driver_sql(_MARK).one_or_none()
        return f"{row[0]}/{row[1]}" if row else None

    def end_marked(self, connection: Connection, mark: str) -> bool:
        pid, _, started = mark.partition("/")
        values = (_PATIENCE, int(pid), int(started))
        return connection.exec_driver_sql(_END_MARKED, values).scalar() is not False

    @contextmanager
    def brief_locks(self, connection: Connection) -> Generator[None]:
        driver: Any = connection.connection.driver_connection
        driver.execute(f"set lock_timeout = {BRIEF_LOCK_MS}")
        try:
            yield
        finally:
            if not connection.invalidated:
                driver.execute("reset lock_timeout")

    def now_text(self) -> ColumnElement[str]:
        """The clock itself: a lease must not begin when its transaction did."""
        return cast(func.clock_timestamp(), Text)

    def now_moment(self) -> ColumnElement[Any]:
        return func.clock_timestamp()

    def unless_there(self, table: Table, values: Mapping[str, Any]) -> Insert:
        return insert(table).values(values).on_conflict_do_nothing()

    def columns(
        self, table: Table = schema.events, names: Sequence[str] = COLUMNS
    ) -> Sequence[ColumnElement[Any]]:
        """JSON and time as text: psycopg would decode them for every row."""
        as_text = ("data", "metadata", "recorded_at", "headers", "created_at")
        return [
            cast(table.c[name], Text).label(name) if name in as_text else table.c[name]
            for name in names
        ]

    def moment_value(self, moment: datetime) -> Any:
        return moment

    def refuses_login(self, error: DBAPIError) -> bool:
        return refused_by_postgresql(error)

    def missing_privilege(self, error: DBAPIError) -> PrivilegeMissing | None:
        return told_by_postgresql(error)

    def took_position(self, error: DBAPIError) -> bool:
        diagnosis = getattr(error.orig, "diag", None)
        return getattr(diagnosis, "constraint_name", None) in (
            f"{schema.events.name}_pkey",
            f"{schema.outbox.name}_pkey",
        )


class PostgreSQLProtocolDialect(ThroughPsycopg):
    """Another server that speaks PostgreSQL's protocol: the counter row.

    Its advisory locks may do nothing (CockroachDB's did for years), so floors are not used.
    """
