"""What came of one request: events and messages of a correlation, and what caused each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Text, bindparam, cast, or_, select

from sourcery import schema
from sourcery.columns import moment_of
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement
from sourcery.recorded import Recorded
from sourcery.selection import check_position
from sourcery.store import EventStore
from sourcery.stream import MESSAGE_ID_LENGTH, check_name
from sourcery.upkeep.stored import AsStored

_events, _outbox = schema.events.c, schema.outbox.c
_ESCAPE: Final = "/"
#: What no event or message has.
_NO_ID: Final = UUID(int=0)


class Log(StrEnum):
    """Where a thing was written."""

    EVENTS = "events"
    OUTBOX = "outbox"


@frozen(kw_only=True)
class Traced:
    """An event or a message of a correlation."""

    log: Log
    #: Its own, which what it caused names.
    id: str
    #: Id of what directly led to it.
    causation_id: str | None
    position: int
    #: Kind of the event, topic of the message.
    name: str
    #: The stream as `category/id`, or the message's key.
    place: str | None
    actor: str | None
    at: datetime


def trace(store: EventStore, correlation_id: str, *, limit: int = 10_000) -> list[Traced]:
    """Events and messages of a correlation id in order of position, at most `limit`.

    Also the event whose own id it is. No index is on metadata: both logs are looked through.
    """
    check_name("correlation id", correlation_id, MESSAGE_ID_LENGTH)
    check_position("limit", limit)
    dialect = store.database.dialect
    values = _values(dialect, correlation_id)
    with store.database.reading() as connection:
        found = [
            *_traced_events(connection, dialect, values, correlation_id, limit),
            *_traced_messages(connection, dialect, values, correlation_id, limit),
        ]
    return sorted(found, key=lambda one: one.position)[:limit]


def _values(dialect: Dialect, correlation_id: str) -> dict[str, Any]:
    """The id as it stands in stored JSON, whatever is around it; and as an id."""
    text = json.dumps(correlation_id, ensure_ascii=False)
    for special in (_ESCAPE, "%", "_"):
        text = text.replace(special, _ESCAPE + special)
    try:
        own = UUID(correlation_id)
    except ValueError:
        own = _NO_ID
    return {"pattern": f"%{text}%", "own": dialect.id_value(own)}


def _traced_events(
    connection: Connection,
    dialect: Dialect,
    values: dict[str, Any],
    correlation_id: str,
    limit: int,
) -> Iterator[Traced]:
    """A like finds the text anywhere, in letters of either case: the field itself decides."""
    rows = _event_rows(dialect).run(connection, values | {"count": limit})
    for row in rows:
        [recorded] = AsStored().decode(row)
        own = str(recorded.event_id)
        if correlation_id in (recorded.metadata.correlation_id, own):
            yield _event(recorded, own)


def _event(recorded: Recorded[Any], own: str) -> Traced:
    return Traced(
        log=Log.EVENTS,
        id=own,
        causation_id=recorded.metadata.causation_id,
        position=recorded.position,
        name=recorded.kind,
        place=recorded.stream.path,
        actor=recorded.metadata.actor,
        at=recorded.recorded_at,
    )


def _traced_messages(
    connection: Connection,
    dialect: Dialect,
    values: dict[str, Any],
    correlation_id: str,
    limit: int,
) -> Iterator[Traced]:
    rows = _message_rows(dialect).run(connection, values | {"count": limit})
    for position, message_id, topic, key, headers, created_at in rows:
        known: dict[str, str] = json.loads(headers)
        if correlation_id in (known.get("correlation_id"), str(message_id)):
            yield Traced(
                log=Log.OUTBOX,
                id=str(message_id),
                causation_id=known.get("causation_id"),
                position=position,
                name=topic,
                place=key,
                actor=known.get("actor"),
                at=moment_of(created_at),
            )


@lru_cache(maxsize=64)
def _event_rows(dialect: Dialect) -> Statement:
    rows = select(*dialect.columns()).where(_mentions(_events.metadata, _events.event_id))
    return Statement(rows.order_by(_events.position).limit(bindparam("count")))


@lru_cache(maxsize=64)
def _message_rows(dialect: Dialect) -> Statement:
    names = ("position", "message_id", "topic", "key", "headers", "created_at")
    rows = select(*dialect.columns(schema.outbox, names))
    rows = rows.where(_mentions(_outbox.headers, _outbox.message_id))
    return Statement(rows.order_by(_outbox.position).limit(bindparam("count")))


def _mentions(column: ColumnElement[Any], own: ColumnElement[Any]) -> ColumnElement[bool]:
    mentioned = cast(column, Text).like(bindparam("pattern"), escape=_ESCAPE)
    return or_(mentioned, own == bindparam("own"))
