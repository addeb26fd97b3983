"""How much a consumer has before it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select, true

from sourcery import schema
from sourcery.columns import as_moment, unread
from sourcery.log import LogQuery, MessageQuery, Query

#: Rows of the log that are looked at to say how far behind a shard is.
WINDOW: Final = 10_000

_events = schema.events.c
_outbox = schema.outbox.c


def count_rows(connection: Connection, query: LogQuery, above: int, upto: int) -> int:
    """All rows of a query with `above < position <= upto`; looks at every one of them."""
    columns = _outbox if isinstance(query, MessageQuery) else _events
    rows = select(func.count()).where(columns.position > above, columns.position <= upto)
    return connection.execute(rows.where(*_matching(columns, query))).scalar_one()


@frozen(kw_only=True)
class Backlog:
    """What a shard has before it, by a look at a bounded part of the log."""

    #: Events or messages it has to handle; at least so many if not exact.
    events: int
    exact: bool
    #: When the first of them was recorded, or later if not exact. None when there is none.
    since: datetime | None


def backlog(connection: Connection, query: LogQuery, above: int, upto: int) -> Backlog:
    """What is between two positions, by the first rows that are there, of whatever kind.

    So that a rare kind is not looked for in the whole log. Messages of a topic have an index.
    """
    near = _messages(query) if isinstance(query, MessageQuery) else _all_events()
    column = near.selected_columns
    near = near.where(column.position > above, column.position <= upto)
    rows = near.order_by(column.position).limit(WINDOW).subquery().c
    wanted = and_(true(), *_matching(rows, query))
    looked = select(
        func.count(),
        func.count(case((wanted, 1))),
        func.min(case((wanted, rows.written_at))),
        func.max(rows.written_at),
    )
    seen, events, first, last = connection.execute(looked).one()
    exact = seen < WINDOW
    since = first if exact or events else last
    return Backlog(events=events, exact=exact, since=as_moment(since))


def _all_events() -> Select[Any]:
    names = ("position", "kind", "category", "bucket")
    return select(
        *[_events[name] for name in names], unread(_events.recorded_at).label("written_at")
    )


def _messages(query: MessageQuery) -> Select[Any]:
    names = ("position", "topic", "bucket")
    rows = select(
        *[_outbox[name] for name in names], unread(_outbox.created_at).label("written_at")
    )
    return rows.where(_outbox.topic == query.topic)


def _matching(columns: Any, query: LogQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if isinstance(query, Query):
        if query.kinds is not None:
            conditions.append(columns.kind.in_(query.kinds))
        if query.categories:
            conditions.append(columns.category.in_(query.categories))
    if isinstance(query, MessageQuery):
        conditions.append(columns.topic == query.topic)
    if query.shard is not None:
        number, shards = query.shard
        conditions.append(columns.bucket % shards == number)
    return conditions
