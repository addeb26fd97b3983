"""What a consumer of events reads, as its row says it, and how much of that is before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from attrs import field, frozen
from sqlalchemy import ColumnElement, Connection, and_, case, func, select, true

from sourcery import schema
from sourcery.columns import as_moment
from sourcery.consumers.rows import ConsumerRow
from sourcery.log import Query

#: Rows of the log that are looked at to say how far behind a shard is.
WINDOW: Final = 10_000

#: Kinds of classes to the kinds they are stored under, older names included.
Sources = Callable[[Iterable[str]], Iterable[str]]

_events = schema.events.c


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


@frozen(kw_only=True)
class EventFilter:
    """Kinds and categories of events, in words that mean the same in the next release."""

    #: Of the classes, as they are written now.
    kinds: tuple[str, ...] = field(converter=_sorted)
    #: None is every category.
    categories: tuple[str, ...] = field(default=(), converter=_sorted)

    def to_json(self) -> str:
        """As it is stored and compared."""
        return json.dumps({"kinds": self.kinds, "categories": self.categories})

    @classmethod
    def from_json(cls, text: str) -> EventFilter:
        """As it was stored."""
        stored = json.loads(text)
        return cls(kinds=stored["kinds"], categories=stored["categories"])


def query_of(row: ConsumerRow, sources: Sources | None = None) -> Query:
    """The events that a shard reads; without `sources` older names of kinds are left out."""
    filter = EventFilter.from_json(row.filter)
    kinds = tuple(sorted(sources(filter.kinds))) if sources else filter.kinds
    return Query(kinds=kinds, categories=filter.categories, shard=(row.shard, row.shards))


def count_events(connection: Connection, query: Query, above: int, upto: int) -> int:
    """All events of a query with `above < position <= upto`; looks at every one of them."""
    rows = select(func.count()).where(_events.position > above, _events.position <= upto)
    return connection.execute(rows.where(*_matching(_events, query))).scalar_one()


@frozen(kw_only=True)
class Backlog:
    """What a shard has before it, by a look at a bounded part of the log."""

    #: Events it has to handle; at least so many if not exact.
    events: int
    exact: bool
    #: When the first of them was recorded, or later if not exact. None when there is none.
    since: datetime | None


def backlog(connection: Connection, query: Query, above: int, upto: int) -> Backlog:
    """What is between two positions, by the first rows that are there, of whatever kind.

    So that a rare kind is not looked for in the whole log.
    """
    near = select(*[_events[name] for name in ("kind", "category", "bucket", "recorded_at")])
    near = near.where(_events.position > above, _events.position <= upto)
    rows = near.order_by(_events.position).limit(WINDOW).subquery().c
    wanted = and_(true(), *_matching(rows, query))
    looked = select(
        func.count(),
        func.count(case((wanted, 1))),
        func.min(case((wanted, rows.recorded_at))),
        func.max(rows.recorded_at),
    )
    seen, events, first, last = connection.execute(looked).one()
    exact = seen < WINDOW
    since = first if exact or events else last
    return Backlog(events=events, exact=exact, since=as_moment(since))


def _matching(columns: Any, query: Query) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.kinds is not None:
        conditions.append(columns.kind.in_(query.kinds))
    if query.categories:
        conditions.append(columns.category.in_(query.categories))
    if query.shard is not None:
        number, shards = query.shard
        conditions.append(columns.bucket % shards == number)
    return conditions
