"""MariaDB and MySQL: the counter row, with reads that see the newest committed version.

Their default isolation is REPEATABLE READ, so heads of streams are read with a lock: a
joined session's snapshot may be older than the counter row it just took.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import ColumnElement, Connection, Insert, Select, Table, cast, func, insert, text
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import DBAPIError

from sourcery import schema
from sourcery.columns import Identifier
from sourcery.dialects.base import Dialect, names_a_log
from sourcery.dialects.batch import Batch, EventRow, ImportedEvent, Written
from sourcery.dialects.connections import BRIEF_LOCK_MS
from sourcery.dialects.place import Place
from sourcery.dialects.privileges import refused_by_mysql, told_by_mysql
from sourcery.dialects.statements import schema_of
from sourcery.errors import DatabaseMisconfigured, EncodeError, PrivilegeMissing
from sourcery.recorded import COLUMNS

#: Record changed since last read, lock wait timeout, deadlock.
_RESTART: Final = frozenset({1020, 1205, 1213})
_DUPLICATE: Final = 1062
_LOCK_WAIT: Final = "SET SESSION innodb_lock_wait_timeout = "

#: Characters that the driver writes as two.
_ESCAPED: Final = (b"'", b'"', b"\\", b"\n", b"\r", b"\0", b"\x1a")
#: Bytes of a statement that are not the payload: names, metadata, headers.
_REST_OF_A_ROW: Final = 65_536

_TABLES: Final = text(
    "SELECT table_name, engine FROM information_schema.tables "
    "WHERE table_schema = coalesce(:schema, database()) AND table_name LIKE 'sourcery\\_%'"
)
_COLLATIONS: Final = text(
    "SELECT table_name, column_name, collation_name FROM information_schema.columns "
    "WHERE table_schema = coalesce(:schema, database()) AND table_name LIKE 'sourcery\\_%'"
)
#: Tables and columns that hold names.
_NAMES: Final = frozenset(
    (table.name, column.name)
    for table in schema.tables.sorted_tables
    for column in table.columns
    if isinstance(column.type, Identifier)
)
#: To this database: a copy of it on the same server names connections of the original.
_IS_CONNECTED: Final = text(
    "SELECT count(*) FROM information_schema.processlist WHERE id = :id AND db <=> database()"
)
#: Seconds to wait until an ended connection is gone, and between two looks.
_PATIENCE: Final = 5.0
_BETWEEN_LOOKS: Final = 0.01
#: Seconds by which two computations of the server's start may differ.
_START_DRIFT: Final = 2
_BY_BYTES: Final = ("utf8mb4_nopad_bin", "utf8mb4_0900_bin")


class MySQLDialect(Dialect):
    """MariaDB 10.6 and later, MySQL 8 and later, with InnoDB."""

    engine_options: ClassVar[Mapping[str, Any]] = {
        "isolation_level": "READ COMMITTED",
        "pool_recycle": 3600,
    }

    #: Bytes that one statement may have, as the server said at start.
    _packet: int | None = None

    def newest(self, rows: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        return rows.with_for_update(read=True)

    def append(self, connection: Connection, batch: Batch) -> Written | None:
        """Refuse what the server would answer by cutting the connection."""
        for event in (row for stream in batch.streams for row in stream.rows):
            self._check_event(event)
        for message in batch.messages:
            self._check_size(message.topic, 2 * len(message.payload))  # written as hexadecimal
        return super().append(connection, batch)

    def import_rows(
        self,
        connection: Connection,
        positions: Sequence[int],
        events: Iterable[ImportedEvent],
        now: datetime | None,
    ) -> None:
        """Refuse what is too large for one statement; the driver splits the rest."""
        events = list(events)
        for event in events:
            self._check_event(event)
        super().import_rows(connection, positions, events, now)

    def _check_event(self, event: EventRow | ImportedEvent) -> None:
        if 8 * len(event.data) >= self._largest:  # four bytes, each perhaps escaped
            data = event.data.encode()
            escaped = sum(data.count(character) for character in _ESCAPED)
            self._check_size(event.kind, len(data) + escaped)

    @property
    def _largest(self) -> int:
        """Bytes that one payload may take of a statement."""
        return (self._packet or 2**30) - _REST_OF_A_ROW

    def _check_size(self, kind: str, size: int) -> None:
        if size > self._largest:
            problem = f"takes {size} bytes of a statement, the server's max_allowed_packet is less"
            raise EncodeError(kind, "it", problem)

    def unless_there(self, table: Table, values: Mapping[str, Any]) -> Insert:
        """IGNORE also cuts what is too long, so lengths are checked before.

        ON DUPLICATE KEY UPDATE would say of a row that was there that one was inserted.
        """
        return insert(table).values(values).prefix_with("IGNORE")

    def is_autocommit(self, connection: Connection) -> bool:
        driver: Any = connection.connection.driver_connection
        return bool(driver.get_autocommit())

    def backend(self, connection: Connection) -> int | None:
        driver: Any = connection.connection.driver_connection
        return int(driver.thread_id())

    @contextmanager
    def brief_locks(self, connection: Connection) -> Generator[None]:
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            cursor.execute(_LOCK_WAIT + str(BRIEF_LOCK_MS // 1000))
            try:
                yield
            finally:
                if not connection.invalidated:
                    cursor.execute(_LOCK_WAIT + "@@global.innodb_lock_wait_timeout")

    def end_backend(self, connection: Connection, backend: int) -> bool:
        """KILL returns before the other connection is gone, and finds nobody afterwards."""
        deadline = time.monotonic() + _PATIENCE
        while connection.execute(_IS_CONNECTED, {"id": backend}).scalar():
            if time.monotonic() >= deadline:
                return False
            try:
                connection.exec_driver_sql(f"KILL {backend}")
            except DBAPIError as error:  # the other one has gone by itself, or our own is lost
                if error.connection_invalidated:
                    raise
            time.sleep(_BETWEEN_LOOKS)
        return True

    def backend_mark(self, connection: Connection) -> str | None:
        """Connection id and start of the server: after a restart the numbers begin again."""
        return f"{self.backend(connection)}/{_server_start(connection)}"

    def end_marked(self, connection: Connection, mark: str) -> bool:
        number, _, started = mark.partition("/")
        if abs(int(started) - _server_start(connection)) > _START_DRIFT:
            return True
        return self.end_backend(connection, int(number))

    def place(self, connection: Connection) -> Place:
        """The name alone: MariaDB has no identifier that survives a fail-over."""
        return Place(connection.exec_driver_sql("SELECT database()").scalar() or "")

    def now_text(self) -> ColumnElement[str]:
        return cast(func.utc_timestamp(6), mysql.CHAR)

    def now_moment(self) -> ColumnElement[Any]:
        return func.utc_timestamp(6)

    def columns(
        self, table: Table = schema.events, names: Sequence[str] = COLUMNS
    ) -> Sequence[ColumnElement[Any]]:
        times = ("recorded_at", "created_at")
        return [
            cast(table.c[name], mysql.CHAR).label(name) if name in times else table.c[name]
            for name in names
        ]

    def check(self, connection: Connection) -> None:
        self._packet = connection.exec_driver_sql("SELECT @@max_allowed_packet").scalar()
        within = {"schema": schema_of(connection)}
        for table, engine in connection.execute(_TABLES, within):
            if engine != "InnoDB":
                raise DatabaseMisconfigured(
                    f"table {table} is stored by {engine}, which has no transactions",
                    f"ALTER TABLE {table} ENGINE=InnoDB",
                )
        for table, column, collation in connection.execute(_COLLATIONS, within):
            if (table, column) in _NAMES and collation not in _BY_BYTES:
                raise DatabaseMisconfigured(
                    f"{table}.{column} compares by {collation}: different ids would be one",
                    f"give the column the collation {' or '.join(_BY_BYTES)}",
                )
        super().check(connection)

    def restarts(self, error: DBAPIError) -> bool:
        return _code(error) in _RESTART

    def refuses_login(self, error: DBAPIError) -> bool:
        return refused_by_mysql(error)

    def missing_privilege(self, error: DBAPIError) -> PrivilegeMissing | None:
        return told_by_mysql(error)

    def took_position(self, error: DBAPIError) -> bool:
        """The error of MariaDB names the key but not the table; the statement does."""
        is_key = _code(error) == _DUPLICATE and "PRIMARY" in str(error.orig)
        return is_key and names_a_log(error.statement or "")


def _server_start(connection: Connection) -> int:
    """Seconds since 1970, give or take one: the server tells only its uptime, in seconds."""
    uptime = connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Uptime'").one()[1]
    return int(connection.exec_driver_sql("SELECT unix_timestamp()").scalar_one()) - int(uptime)


def _code(error: DBAPIError) -> int | None:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None
