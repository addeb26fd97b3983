"""Why an append was refused: another writer, the same append again, or its ids misused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, bindparam, cast, select
from sqlalchemy.types import Text

from sourcery import schema
from sourcery.dialects import Batch, Dialect, StreamBatch, Written
from sourcery.dialects.statements import Statement
from sourcery.errors import IdConflict, Retryable, RetryTransaction, VersionConflict
from sourcery.expected import Expected, admits
from sourcery.stream import Stream

_events = schema.events.c
_AFTER: Final = (
    select(_events.position, _events.event_id, _events.kind, cast(_events.data, Text))
    .where(_events.category == bindparam("category"))
    .where(_events.stream_id == bindparam("stream_id"))
    .where(_events.version > bindparam("version"))
    .order_by(_events.version)
    .limit(bindparam("count"))
)


@lru_cache(maxsize=64)
def _after(dialect: Dialect) -> Statement:
    return Statement(dialect.newest(_AFTER))


def explain_conflict(
    connection: Connection, dialect: Dialect, batch: Batch, repeatable: Sequence[Stream]
) -> Written:
    """Raise what made `append` refuse the batch, or give a repeat's positions.

    `repeatable` names the streams whose event ids the caller chose. Run it after the refused
    batch was undone. Raises `VersionConflict`, `IdConflict`, or `RetryTransaction` when the
    reason is gone by now.
    """
    sent = [s for s in batch.streams if s.stream in repeatable]
    repeats = {s.stream: _repeated(connection, dialect, s) for s in sent}
    positions = [p for found in repeats.values() for p in found or ()]
    if not positions:
        raise _reason(connection, dialect, batch)
    for stream, found in repeats.items():
        if found is None:
            problem = "events of the same append are stored in another stream, these are not"
            raise IdConflict(stream, problem)
    return Written(tuple(positions))


def _reason(connection: Connection, dialect: Dialect, batch: Batch) -> Retryable:
    """The first expectation that does not hold."""
    heads = dialect.heads(connection, [s.stream for s in batch.streams])
    for stream in batch.streams:
        if not admits(stream.expected, heads[stream.stream]):
            return _conflict(stream, heads[stream.stream])
    return RetryTransaction("another writer's append was undone meanwhile")


def stale(
    connection: Connection, dialect: Dialect, seen: Mapping[Stream, int]
) -> VersionConflict | None:
    """The conflict of the first stream that is no longer at the version a writer saw."""
    heads = dialect.heads(connection, seen)
    for stream, version in seen.items():
        if heads[stream] != version:
            return VersionConflict(stream, version, heads[stream])
    return None


def _conflict(stream: StreamBatch, actual: int) -> VersionConflict:
    expected = stream.expected
    shown = expected.name if isinstance(expected, Expected) else expected
    return VersionConflict(stream.stream, shown, actual)


def _repeated(connection: Connection, dialect: Dialect, sent: StreamBatch) -> list[int] | None:
    """Positions of the events at these versions if they are the sent ones, else None."""
    place = {"category": sent.stream.category, "stream_id": sent.stream.id}
    values = place | {"version": sent.expected, "count": len(sent.rows)}
    stored = _after(dialect).run(connection, values).all()
    stored_ids = [str(row[1]) for row in stored]
    sent_ids = [str(row.event_id) for row in sent.rows]
    if not set(stored_ids) & set(sent_ids):
        return None
    if stored_ids != sent_ids:
        raise IdConflict(sent.stream, "some of the event ids are stored there, not all in order")
    for row, event in zip(stored, sent.rows, strict=True):
        if row[2] != event.kind or not _same(row[3], event.data):
            raise IdConflict(sent.stream, f"event {event.event_id} is stored with other content")
    return [row[0] for row in stored]


def _same(stored: str, sent: str) -> bool:
    return stored == sent or _parsed(stored) == _parsed(sent)


def _parsed(text: str) -> Any:
    return json.loads(text)
