"""Dialects with one safeguard left out, to see that the tests of ordering notice it."""

from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from threading import Lock, local
from typing import Any, Final

from attrs import evolve
from sqlalchemy import URL, Connection

from sourcery import EventStore, dialects
from sourcery.dialects import Dialect, Frontier, floors
from sourcery.dialects.floors import statements_for
from sourcery.dialects.postgresql import PostgreSQLDialect
from sourcery.dialects.psycopg import PostgreSQLProtocolDialect
from sourcery.dialects.sqlite import SQLiteDialect
from sourcery.testing.conformance.databases import FLOORS, ONE_WRITER, capabilities_of


def store_with(dialect: type[Dialect], url: URL) -> EventStore:
    """Open a store whose database is served by this dialect instead of ours."""
    name = url.get_backend_name()
    ours = type(dialects.dialect_for(name))
    dialects.register(name, dialect)
    try:
        return EventStore(url)
    finally:
        dialects.register(name, ours)


class HighestVisible(PostgreSQLDialect):
    """The naive rule: whatever can be seen is settled."""

    def frontier(self, connection: Connection) -> Frontier:
        return evolve(super().frontier(connection), settled=self.greatest_position(connection))


class FloorBeforeHighest(PostgreSQLDialect):
    """The reader's two statements swapped."""

    def frontier(self, connection: Connection) -> Frontier:
        floor = connection.exec_driver_sql(statements_for(connection).lowest_floor).scalar()
        highest, incarnation = self._highest(connection)
        return Frontier(highest if floor is None else min(highest, floor), incarnation)


class WithoutFloor(PostgreSQLDialect):
    """The reader looks at no floor: all numbers that were drawn are settled."""

    def frontier(self, connection: Connection) -> Frontier:
        return Frontier(*self._highest(connection))


class _DrawnElsewhere(Dialect):
    """Numbers from another transaction, committed at once: what auto-increment does."""

    def draw(self, connection: Connection, count: int) -> tuple[int, Any]:
        with connection.engine.connect() as other, other.begin():
            return super().draw(other, count)


class DrawnInBlocks(SQLiteDialect):
    """Each thread takes ten numbers at a time; the reader trusts what it sees."""

    def __init__(self) -> None:
        self._blocks = count(0, 10)
        self._lock = Lock()
        self._own = local()

    def draw(self, connection: Connection, count: int) -> tuple[int, Any]:
        _, now = super().draw(connection, count)
        if getattr(self._own, "left", 0) < count:
            with self._lock:
                self._own.next, self._own.left = next(self._blocks) + 1, 10
        first = self._own.next
        self._own.next, self._own.left = first + count, self._own.left - count
        return first, now

    def frontier(self, connection: Connection) -> Frontier:
        return Frontier(self.greatest_position(connection))

    def last_drawn(self, connection: Connection) -> int:
        return self.greatest_position(connection)

    def check(self, connection: Connection) -> None:
        """Nobody looks after the counter row."""


def drawn_elsewhere(url: URL) -> type[Dialect]:
    """The dialect of a counter row, with the row drawn in another transaction."""
    ours = type(dialects.dialect_for(url.get_backend_name()))
    counted = PostgreSQLProtocolDialect if issubclass(ours, PostgreSQLDialect) else ours
    return type("DrawnElsewhere", (_DrawnElsewhere, counted), {})


def naive(url: URL) -> type[Dialect]:
    """The naive design for the server that answers; connects."""
    found = capabilities_of(url)
    if ONE_WRITER in found:
        return DrawnInBlocks
    return HighestVisible if FLOORS in found else drawn_elsewhere(url)


#: Pieces of the append statement without one safeguard each.
WITHOUT_IS_CALLED: Final = {"_LAST_USED": "last_value"}
LOCKED_ONCE: Final = {
    "_FLOOR": """
with floor as materialized (
    select case when known is null then pg_advisory_xact_lock_shared(key)::text end, key
    from (
        select known, coalesce(known, ({sequence_oid} & 8388607) << 40 | {last_used}) as key
        from (select %b::bigint as known) as remembered, {sequence}
    ) as drawn
)"""
}


@contextmanager
def statements_with(pieces: dict[str, str]) -> Generator[None]:
    """Render the statements of position floors with other pieces."""
    ours = {name: getattr(floors, name) for name in pieces}
    _replace(pieces)
    try:
        yield
    finally:
        _replace(ours)


def _replace(pieces: dict[str, str]) -> None:
    for name, text in pieces.items():
        setattr(floors, name, text)
    floors.render.cache_clear()
