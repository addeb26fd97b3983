"""The reference: a driver alone, doing the same SQL work on the same tables.

It has no ordering rule beyond what the table asks for: on PostgreSQL positions are drawn by the
insert itself, elsewhere from the counter row. It checks nothing, and names nothing in errors.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from uuid import uuid4

import psycopg
import pymysql
from sqlalchemy import URL

from benchmarks.domain import KIND, Noted, raw_event, raw_json
from sourcery import Stream

#: Columns of an event without its position, in the order of `Row`.
COLUMNS: Final = (
    "category, stream_id, version, event_id, kind, schema_version, bucket, data, metadata"
)
Row = tuple[str, str, int, Any, str, int, int, str, str]
_READ: Final = "position, category, stream_id, version, event_id, kind, schema_version"


class Raw(ABC):
    """One connection."""

    #: How a parameter is written.
    mark: ClassVar[str] = "%s"
    #: What is selected of JSON and times, as text.
    as_text: ClassVar[str] = "data, metadata, recorded_at"
    #: SQL for the database's clock.
    now: ClassVar[str]
    #: How a name is quoted.
    quote: ClassVar[str] = '"'
    #: SQL for a new position.
    position: ClassVar[str] = "%s"

    def __init__(self) -> None:
        row = ", ".join([self.mark] * COLUMNS.count(",") + [self.mark])
        self._insert = (
            f"insert into sourcery_events (position, {COLUMNS}, recorded_at) "
            f"values ({self.position}, {row}, {self.now})"
        )
        selected = f"select {_READ}, {self.as_text} from sourcery_events"
        self._stream = (
            f"{selected} where version > {self.mark} and category = {self.mark} "
            f"and stream_id = {self.mark} order by version limit 500"
        )
        self._page = (
            f"{selected} where position > {self.mark} and kind = '{KIND}' "
            f"order by position limit {self.mark}"
        )

    @abstractmethod
    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """A cursor."""

    @abstractmethod
    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """In the driver's own batch mode."""

    def read(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """A cursor, outside any transaction."""
        return self.execute(sql, values)

    def begin(self) -> None:  # noqa: B027 - nothing, where the driver begins by itself
        """Where the driver does not do it by itself."""

    @abstractmethod
    def commit(self) -> None: ...

    @abstractmethod
    def close(self) -> None: ...

    def event_id(self) -> Any:
        return str(uuid4())

    def rows(self, stream: Stream, after: int, events: Iterable[Noted]) -> list[Row]:
        category, id = stream.category, stream.id
        return [
            (category, id, version, self.event_id(), KIND, 1, 7, raw_json(event), "{}")
            for version, event in enumerate(events, after + 1)
        ]

    def draw(self, count: int) -> int:
        """Take positions from the counter row; the first of them."""
        self.execute(f"update sourcery_positions set last = last + {count} where id = 1")
        last: int = self.execute("select last from sourcery_positions where id = 1").fetchone()[0]
        return last - count + 1

    def insert(self, rows: Sequence[Row]) -> None:
        """Inside a transaction."""
        first = self.draw(len(rows))
        placed = [(first + n, *row) for n, row in enumerate(rows)]
        if len(placed) == 1:
            self.execute(self._insert, placed[0])
        else:
            self.execute_many(self._insert, placed)

    def copy(self, rows: Iterable[Row], count: int) -> None:
        """All of them in one transaction, in the fastest way that the driver has."""
        self.begin()
        self.insert(list(rows))
        self.commit()

    def append(self, stream: Stream, after: int, events: Iterable[Noted]) -> None:
        """BEGIN, INSERT, COMMIT."""
        self.begin()
        self.insert(self.rows(stream, after, events))
        self.commit()

    def change(self, stream: Stream, event: Noted) -> None:
        """BEGIN, SELECT, INSERT, COMMIT: one event after those that are read."""
        self.begin()
        known = self.load(stream, self.execute)
        self.insert(self.rows(stream, len(known), [event]))
        self.commit()

    def load(self, stream: Stream, read: Callable[..., Any] | None = None) -> list[Noted]:
        """All events of a stream, page by page."""
        found: list[Noted] = []
        while True:
            values = (len(found), stream.category, stream.id)
            rows = (read or self.read)(self._stream, values).fetchall()
            found += [raw_event(row[7]) for row in rows]
            if len(rows) < 500:  # noqa: PLR2004 - the limit of the statement
                return found

    def page(self, after: int, limit: int) -> Sequence[Any]:
        """The next rows of the log."""
        return self.read(self._page, (after, limit)).fetchall()  # type: ignore[no-any-return]

    def follow(self, after: int, limit: int = 500) -> int:
        """Read and decode all that follows, with a checkpoint per page; how many."""
        count = 0
        while True:
            rows = self.page(after, limit)
            for row in rows:
                raw_event(row[7])
            count += len(rows)
            if not rows:
                return count
            after = rows[-1][0]
            self.begin()
            update = "update bench_checkpoint set position = {} where name = 'bench'"
            self.execute(update.format(self.mark), (after,))
            self.commit()


class RawPostgreSQL(Raw):
    """psycopg 3, which prepares what it runs often."""

    as_text = "data::text, metadata::text, recorded_at::text"
    now = "statement_timestamp()"
    position = "nextval('sourcery_positions_seq')"

    #: Types of `position`, the columns and `recorded_at`, as they go into a binary COPY.
    _copied: Final = (
        *("int8", "text", "text", "int8", "uuid", "text", "int4", "int2", "text", "text"),
        "timestamptz",
    )
    _many: Final = f"""insert into sourcery_events (position, {COLUMNS}, recorded_at)
        select nextval('sourcery_positions_seq'), category, stream_id, version, event_id, kind,
            schema_version, bucket, data::json, metadata::json, statement_timestamp()
        from unnest(%b::text[], %b::text[], %b::bigint[], %b::uuid[], %b::text[], %b::integer[],
            %b::smallint[], %b::text[], %b::text[]) as e ({COLUMNS})"""

    def __init__(self, url: URL) -> None:
        super().__init__()
        dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.connection = psycopg.connect(dsn)
        self.reader = psycopg.connect(dsn, autocommit=True)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self.connection.execute(sql, values)

    def read(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self.reader.execute(sql, values)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self.connection.cursor().executemany(sql, rows)

    def event_id(self) -> Any:
        return uuid4()

    def insert(self, rows: Sequence[Row]) -> None:
        if len(rows) == 1:
            self.connection.execute(self._insert, rows[0])
        else:
            self.connection.execute(
                self._many, [list(column) for column in zip(*rows, strict=True)]
            )

    def copy(self, rows: Iterable[Row], count: int) -> None:
        sequence = "'sourcery_positions_seq'"
        drawn = self.execute(f"select setval({sequence}, nextval({sequence}) + {count} - 1)")
        first, now = drawn.fetchone()[0] - count + 1, datetime.now(UTC)
        into = f"copy sourcery_events (position, {COLUMNS}, recorded_at) from stdin"
        with self.connection.cursor().copy(f"{into} (format binary)") as copy:
            copy.set_types(self._copied)
            for position, row in enumerate(rows, first):
                copy.write_row((position, *row, now))
        self.commit()

    def commit(self) -> None:
        self.connection.commit()

    def close(self) -> None:
        self.connection.close()
        self.reader.close()


class RawSQLite(Raw):
    """sqlite3 in the standard library, with the settings that we give it."""

    mark = "?"
    now = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
    position = "?"

    def __init__(self, url: URL) -> None:
        super().__init__()
        self.connection = sqlite3.connect(str(url.database), isolation_level=None)
        self.connection.execute("pragma busy_timeout = 30000")
        self.connection.execute("pragma journal_mode = wal")
        self.connection.execute("pragma foreign_keys = on")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self.connection.execute(sql, values)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self.connection.executemany(sql, rows)

    def draw(self, count: int) -> int:
        update = f"update sourcery_positions set last = last + {count} where id = 1 returning last"
        last: int = self.connection.execute(update).fetchone()[0]
        return last - count + 1

    def begin(self) -> None:
        self.connection.execute("begin immediate")

    def commit(self) -> None:
        self.connection.execute("commit")

    def close(self) -> None:
        self.connection.close()


class RawMySQL(Raw):
    """PyMySQL, which writes the rows of a batch into one statement."""

    now = "utc_timestamp(6)"
    quote = "`"

    def __init__(self, url: URL) -> None:
        super().__init__()
        self.connection = pymysql.connect(
            host=url.host or "127.0.0.1",
            port=url.port or 3306,
            user=url.username,
            password=url.password or "",
            database=url.database,
            autocommit=True,
        )

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        cursor = self.connection.cursor()
        cursor.execute(sql, values)
        return cursor

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self.connection.cursor().executemany(sql, rows)

    def begin(self) -> None:
        self.connection.begin()

    def commit(self) -> None:
        self.connection.commit()

    def close(self) -> None:
        self.connection.close()


def connect(url: URL) -> Raw:
    """The driver of a database."""
    kinds = {"postgresql": RawPostgreSQL, "sqlite": RawSQLite, "mysql": RawMySQL}
    return kinds[url.get_backend_name()](url)
