"""Statements of the base dialect: the counter row, heads of streams, plain inserts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    ColumnElement,
    Connection,
    bindparam,
    case,
    func,
    insert,
    select,
    union_all,
    update,
)

from sourcery import schema
from sourcery.dialects.batch import Batch, ImportedEvent, MessageRow, PlacedEvent, Written
from sourcery.dialects.statements import Statement

_events, _outbox, _counter = schema.events.c, schema.outbox.c, schema.positions.c
_consumers = schema.consumers.c
_the_row = _counter.id == 1

RAISE: Final = Statement(
    update(schema.positions).where(_the_row).values(last=_counter.last + bindparam("count"))
)
LAST: Final = Statement(select(_counter.last).where(_the_row))

_of_stream = (_events.category == bindparam("category")) & (
    _events.stream_id == bindparam("stream_id")
)
HEAD_OF_STREAM: Final = (
    select(_events.version).where(_of_stream).order_by(_events.version.desc()).limit(1)
)


def _greatest_of(*positions: ColumnElement[int]) -> Statement:
    each = union_all(*[select(func.max(column).label("position")) for column in positions])
    return Statement(select(func.max(each.subquery().c.position)))


GREATEST: Final = _greatest_of(_events.position, _outbox.position)
#: Letters need no look: a consumer that gave up an event has passed it.
GREATEST_KNOWN: Final = _greatest_of(_events.position, _outbox.position, _consumers.position)

_LEAST: Final = bindparam("least", type_=BigInteger())
REPAIR: Final = Statement(
    update(schema.positions)
    .where(_the_row)
    .values(last=case((_counter.last > _LEAST, _counter.last), else_=_LEAST))
)
INSERT_EVENTS: Final = Statement(insert(schema.events))
INSERT_MESSAGES: Final = Statement(insert(schema.outbox))


def read_with(now: ColumnElement[str]) -> ClauseElement:
    """The counter and the database's clock."""
    return select(_counter.last, now).where(_the_row)


def insert_rows(
    connection: Connection,
    batch: Batch,
    placed: list[PlacedEvent],
    first: int,
    moment: Any,
    id_value: Callable[[UUID], Any],
) -> Written:
    """Insert both logs at the positions from `first`; the counter row is locked."""
    between = first + len(placed)
    events = range(first, between)
    messages = range(between, between + len(batch.messages))
    if placed:
        rows = [_event(*pair, moment, id_value) for pair in zip(events, placed, strict=True)]
        INSERT_EVENTS.run_many(connection, rows)
    if batch.messages:
        pairs = zip(messages, batch.messages, strict=True)
        INSERT_MESSAGES.run_many(connection, [_message(*pair, moment, id_value) for pair in pairs])
    return Written(tuple(events), tuple(messages))


def import_rows(
    connection: Connection,
    positions: Sequence[int],
    events: Sequence[ImportedEvent],
    moments: Sequence[Any],
    id_value: Callable[[UUID], Any],
) -> None:
    """Insert events of a history, each with its own time."""
    rows = [
        event._asdict()
        | {"position": position, "event_id": id_value(event.event_id), "recorded_at": moment}
        for position, event, moment in zip(positions, events, moments, strict=True)
    ]
    INSERT_EVENTS.run_many(connection, rows)


def _event(
    position: int, event: PlacedEvent, moment: Any, id_value: Callable[[UUID], Any]
) -> dict[str, Any]:
    values = event.row._asdict() | {"event_id": id_value(event.row.event_id)}
    place = {
        "position": position,
        "category": event.category,
        "stream_id": event.stream_id,
        "version": event.version,
    }
    return values | place | {"recorded_at": moment}


def _message(
    position: int, message: MessageRow, moment: Any, id_value: Callable[[UUID], Any]
) -> dict[str, Any]:
    values = message._asdict() | {"message_id": id_value(message.message_id)}
    return values | {"position": position, "created_at": moment}
