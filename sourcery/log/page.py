"""Pages of a log: one statement each, by keyset, so that memory stays bounded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Protocol, Self

from sqlalchemy import ColumnElement, Connection, bindparam, literal_column

from sourcery.dialects import Dialect, Frontier
from sourcery.dialects.statements import Constant, Statement

#: Names that are written into a statement as they are.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]+")


class LogQuery(Protocol):
    """Which rows of one log."""

    @property
    def shard(self) -> tuple[int, int] | None:
        """Index and count: only the buckets of one of several shards."""
        ...

    def of_shard(self, number: int, shards: int) -> Self:
        """The same, of one of several shards."""
        ...

    def statement(self, dialect: Dialect, *, fenced: bool) -> Statement:
        """Selects rows with `above < key <= upto`, at most `count`, the position first."""
        ...

    def values(self, dialect: Dialect) -> dict[str, Any]:
        """What the statement is run with, beside its bounds."""
        ...


def page(
    connection: Connection,
    dialect: Dialect,
    query: LogQuery,
    *,
    above: int,
    upto: int,
    limit: int,
    frontier: Frontier | None = None,
) -> Sequence[Any]:
    """Rows with `above < key <= upto`, at most `limit`, columns as the query selects them.

    With a frontier, `upto` must be at or below its settled position; raises
    `IncarnationChanged` when the frontier became void.
    """
    values = query.values(dialect) | {"above": above, "upto": upto, "count": limit}
    statement = query.statement(dialect, fenced=frontier is not None)
    if frontier is None:
        return statement.run(connection, values).all()
    return dialect.rows(connection, statement, values, frontier)


def in_shard(bucket: ColumnElement[Any]) -> ColumnElement[bool]:
    """`bucket % shards = shard`, so said that PostgreSQL expects one row in three.

    Of an equation it expects one in 200, and sorts the whole log for a page.
    """
    return (bucket + bindparam("rest")) % bindparam("shards") < literal_column("1")


def constant(name: str) -> ColumnElement[Any]:
    """A name as text of the statement, so that a prepared plan knows whether it is rare.

    An unusual one is bound: SQLAlchemy takes some characters of a text for placeholders.
    """
    return Constant(name) if _PLAIN.fullmatch(name) else bindparam(None, name)


def shard_values(number: int, shards: int) -> dict[str, Any]:
    """What that is run with."""
    return {"rest": shards - number, "shards": shards}
