"""Deleting messages that were sent long ago: one chunk of one topic. Nothing commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, bindparam, delete, func, select

from sourcery import schema
from sourcery.columns import as_moment
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement
from sourcery.outbox import letter_key
from sourcery.retention.cursors import Cursors

_outbox = schema.outbox.c
_letters = schema.dead_letters.c
_CHUNK: Final = Statement(
    select(_outbox.position, _outbox.key, _outbox.message_id, _outbox.created_at)
    .where(_outbox.topic == bindparam("topic"))
    .where(_outbox.position > bindparam("above"), _outbox.position <= bindparam("upto"))
    .order_by(_outbox.position)
    .limit(bindparam("count"))
)
_DELETE: Final = Statement(
    delete(schema.outbox)
    .where(_outbox.topic == bindparam("topic"))
    .where(_outbox.position >= bindparam("first"), _outbox.position <= bindparam("last"))
)
_KEPT: Final = Statement(
    select(_letters.key, func.min(_letters.position))
    .where(_letters.consumer == bindparam("relay"))
    .group_by(_letters.key)
)


@frozen
class Pruned:
    """What came of one chunk."""

    #: Rows deleted.
    deleted: int
    #: Where the next chunk begins; None when there is nothing more to delete.
    upto: int | None


def kept_keys(connection: Connection, cursors: Cursors) -> dict[str, int]:
    """Keys with letters, whatever their status: nothing of them is deleted from a position on."""
    kept: dict[str, int] = {}
    for relay in cursors.relays:
        for key, position in _KEPT.run(connection, {"relay": relay}):
            kept[key] = min(position, kept.get(key, position))
    return kept


def prune(
    connection: Connection,
    dialect: Dialect,
    cursors: Cursors,
    *,
    before: datetime,
    above: int,
    chunk: int,
) -> Pruned:
    """Delete what all relays of a topic have sent, and what was written before a time.

    Looks at `chunk` rows above a position. Does not commit.
    """
    runs, upto = _chosen(connection, cursors, before, above, chunk)
    return Pruned(sum(_delete(connection, cursors.topic, run) for run in runs), upto)


def prunable(
    connection: Connection, cursors: Cursors, *, before: datetime, above: int, chunk: int
) -> Pruned:
    """What `prune` would delete now; it stays."""
    runs, upto = _chosen(connection, cursors, before, above, chunk)
    return Pruned(sum(map(len, runs)), upto)


def _chosen(
    connection: Connection, cursors: Cursors, before: datetime, above: int, chunk: int
) -> tuple[list[list[int]], int | None]:
    values = {"topic": cursors.topic, "above": above, "upto": cursors.floor, "count": chunk}
    rows = _CHUNK.run(connection, values).all()
    kept = kept_keys(connection, cursors) if rows else {}
    runs, old = _runs(cursors.topic, rows, kept, before)
    is_last = len(rows) < chunk or not old
    return runs, None if is_last else rows[-1][0]


def _runs(
    topic: str, rows: Sequence[Any], kept: dict[str, int], before: datetime
) -> tuple[list[list[int]], int]:
    """Positions to delete, in runs without any that stays between; and how many rows are old."""
    runs: list[list[int]] = [[]]
    old = 0
    for position, key, message_id, created_at in rows:
        written = as_moment(created_at)
        is_old = written is not None and written < before
        old += is_old
        if is_old and kept.get(letter_key(topic, key, message_id), position + 1) > position:
            runs[-1].append(position)
        else:
            runs.append([])
    return [run for run in runs if run], old


def _delete(connection: Connection, topic: str, run: list[int]) -> int:
    values = {"topic": topic, "first": run[0], "last": run[-1]}
    return int(_DELETE.run(connection, values).rowcount)
