"""Which events of the log a reader wants, as statements that are rendered once."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from attrs import evolve, frozen
from sqlalchemy import Connection, Select, bindparam, select

from sourcery import schema
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement
from sourcery.log.page import constant, in_shard, shard_values
from sourcery.stream import Stream

_events = schema.events.c
#: Rows per page.
PAGE: Final = 500
#: Index of position and version in a row.
POSITION: Final = 0
VERSION: Final = 3


@frozen(kw_only=True)
class Query:
    """Which events of the log, in which direction.

    A query of one stream is ordered and bounded by version, any other by position.
    """

    stream: Stream | None = None
    #: Stored kinds, sorted; None is every kind.
    kinds: tuple[str, ...] | None = None
    categories: tuple[str, ...] = ()
    #: Only streams of this id, ordered by position; name their categories with it.
    stream_id: str | None = None
    #: Only events recorded at or before this time.
    until: datetime | None = None
    backward: bool = False
    #: Index and count: only the buckets of one of several shards.
    shard: tuple[int, int] | None = None

    def of_shard(self, number: int, shards: int) -> Query:
        """The same, of one of several shards."""
        return evolve(self, shard=(number, shards))

    @property
    def key(self) -> int:
        """Index of the column that orders the rows."""
        return VERSION if self.stream else POSITION

    def statement(self, dialect: Dialect, *, fenced: bool) -> Statement:
        """Selects `recorded.COLUMNS` of the rows with `above < key <= upto`, at most `count`."""
        return _statement(dialect, _shape(self, fenced=fenced))

    def values(self, dialect: Dialect) -> dict[str, Any]:
        """What the statement is run with, beside its bounds."""
        return _values(dialect, self)


@frozen
class _Shape:
    """What decides the text of a statement."""

    stream: bool
    kinds: tuple[str, ...] | None
    categories: int
    stream_id: bool
    until: bool
    backward: bool
    sharded: bool
    fenced: bool


def _shape(query: Query, *, fenced: bool) -> _Shape:
    return _Shape(
        stream=query.stream is not None,
        kinds=query.kinds,
        categories=len(query.categories),
        stream_id=query.stream_id is not None,
        until=query.until is not None,
        backward=query.backward,
        sharded=_is_sharded(query),
        fenced=fenced,
    )


@lru_cache(maxsize=512)
def _statement(dialect: Dialect, shape: _Shape) -> Statement:
    core = _select(dialect, shape)
    return Statement(dialect.fenced(core, backward=shape.backward) if shape.fenced else core)


def _select(dialect: Dialect, shape: _Shape) -> Select[Any]:
    key = _events.version if shape.stream else _events.position
    core = select(*dialect.columns()).where(key > bindparam("above"), key <= bindparam("upto"))
    if shape.stream:
        core = core.where(_events.category == bindparam("category"))
        core = core.where(_events.stream_id == bindparam("stream_id"))
    if shape.kinds is not None:
        core = core.where(_events.kind.in_([constant(kind) for kind in shape.kinds]))
    if shape.categories:
        core = core.where(_events.category.in_(_binds("category", shape.categories)))
    if shape.stream_id:
        core = core.where(_events.stream_id == bindparam("stream_id"))
    if shape.until:
        core = core.where(_events.recorded_at <= bindparam("until"))
    if shape.sharded:
        core = core.where(in_shard(_events.bucket))
    order = key.desc() if shape.backward else key
    return core.order_by(order).limit(bindparam("count"))


def _binds(name: str, count: int) -> list[Any]:
    return [bindparam(f"{name}_{n}") for n in range(count)]


def _values(dialect: Dialect, query: Query) -> dict[str, Any]:
    values: dict[str, Any] = {f"category_{n}": name for n, name in enumerate(query.categories)}
    if query.stream:
        values |= {"category": query.stream.category, "stream_id": query.stream.id}
    if query.stream_id is not None:
        values["stream_id"] = query.stream_id
    if query.until is not None:
        values["until"] = dialect.moment_value(query.until)
    if query.shard is not None and _is_sharded(query):
        values |= shard_values(*query.shard)
    return values


def _is_sharded(query: Query) -> bool:
    """One shard of one is everything."""
    return query.shard is not None and query.shard[1] > 1


_AT: Final = Statement(
    select(_events.position)
    .where(_events.recorded_at >= bindparam("moment"), _events.position <= bindparam("upto"))
    .order_by(_events.position)
    .limit(1)
)


def position_at(connection: Connection, dialect: Dialect, moment: datetime, settled: int) -> int:
    """The position after which a reader begins at a time; `settled` when nothing is so late.

    No index helps: events are looked at from the origin to the first that was recorded then.
    """
    values = {"moment": dialect.moment_value(moment), "upto": settled}
    found = _AT.run(connection, values).scalar()
    return settled if found is None else found - 1
