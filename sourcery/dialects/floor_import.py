"""Importing under position floors: positions first, then COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from sourcery.dialects.batch import ImportedEvent
from sourcery.dialects.driver import failed, run
from sourcery.dialects.floor_append import first_floored
from sourcery.dialects.floors import statements_for
from sourcery.stream import Stream

#: Of the columns, as they are sent in binary: that costs both sides a fraction of text. JSON
#: arrives as text does.
_TYPES: Final = (
    *("int8", "text", "text", "int8", "uuid", "text", "int4", "int2", "text", "text"),
    "timestamptz",
)


def take(connection: Connection, count: int) -> Sequence[int]:
    """Positions under the floor of this transaction."""
    return first_floored(connection, statements_for(connection).draw, (count,))


def heads(connection: Connection, streams: Iterable[Stream]) -> dict[Stream, int]:
    """The committed version of each stream, and this transaction's own, in one statement."""
    wanted = list(streams)
    columns = [s.category for s in wanted], [s.id for s in wanted]
    rows = run(connection, statements_for(connection).heads, columns, returns=True)
    return {stream: row[0] for stream, row in zip(wanted, rows, strict=True)}


def copy_in(
    connection: Connection,
    positions: Sequence[int],
    events: Iterable[ImportedEvent],
    now: datetime | None,
) -> None:
    """Insert events with COPY: the server stores the first ones while the next are made."""
    driver: Any = connection.connection.driver_connection
    statement, cursor = statements_for(connection).copy, driver.cursor()
    try:
        with cursor.copy(statement) as copy:
            copy.set_types(_TYPES)
            for row in _rows(positions, events, now):
                copy.write_row(row)
    except driver_error(connection) as error:
        failed(connection, error, statement, (), cursor)
    cursor.close()


def driver_error(connection: Connection) -> type[BaseException]:
    """The base of all errors of the driver."""
    found: type[BaseException] = connection.dialect.loaded_dbapi.Error
    return found


def _rows(
    positions: Sequence[int], events: Iterable[ImportedEvent], now: datetime | None
) -> Iterator[tuple[Any, ...]]:
    for position, event in zip(positions, events, strict=True):
        if event.recorded_at is None:
            yield (position, *event[:-1], now)
        else:
            yield (position, *event)
