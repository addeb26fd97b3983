"""Ways of ordering a log, each as a writer's statement and a reader's definition of settled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
from attrs import frozen

from sourcery.dialects.floors import render

Rows = Sequence[tuple[int, str, int]]
Cursor = psycopg.Cursor[Any]
Connection = psycopg.Connection[Any]


@frozen
class Rule:
    """One way of ordering."""

    name: str
    #: Append version n of a stream; whether it was stored.
    append: Callable[[Cursor, str, int, UUID], bool]
    #: The next rows after a checkpoint, and the next checkpoint.
    read: Callable[[Connection, Any], tuple[Rows, Any]]
    #: Checkpoint of a reader that has read nothing.
    start: Any = 0


_COLUMNS: Final = """insert into sourcery_events (position, category, stream_id, version,
    event_id, kind, schema_version, bucket, data, metadata, recorded_at)
    values ({position}, 'c', %s, %s, %s, 'k', 1, 0, '{{"n":1}}', '{{}}', statement_timestamp())"""
_NEXT: Final = "nextval('sourcery_positions_seq')"
_FLOORS: Final = render(None)


def _plain(cursor: Cursor, stream: str, version: int, id: UUID) -> bool:
    cursor.execute(_COLUMNS.format(position=_NEXT), (stream, version, id))
    return True


def _locked(cursor: Cursor, stream: str, version: int, id: UUID) -> bool:
    cursor.execute("select pg_advisory_xact_lock(1)")
    return _plain(cursor, stream, version, id)


def _counted(cursor: Cursor, stream: str, version: int, id: UUID) -> bool:
    cursor.execute("update sourcery_positions set last = last + 1 where id = 1 returning last")
    last = cursor.fetchone()
    assert last is not None
    cursor.execute(_COLUMNS.format(position=last[0]), (stream, version, id))
    return True


def _floored(cursor: Cursor, stream: str, version: int, id: UUID) -> bool:
    required = version - 1
    values = (None, "c", stream, version, id, "k", 1, 0, '{"n":1}', "{}", None)
    cursor.execute(_FLOORS.append_one, (*values, required, "c", stream, required))
    return cursor.rowcount == 1


def _above(connection: Connection, after: int, upto: int) -> tuple[Rows, int]:
    rows = connection.execute(
        "select position, stream_id, version from sourcery_events "
        "where position > %s and position <= %s order by position",
        (after, upto),
    ).fetchall()
    return rows, (rows[-1][0] if rows else after)


def _read_all(connection: Connection, after: int) -> tuple[Rows, int]:
    return _above(connection, after, 2**62)


def _read_settled(connection: Connection, after: int) -> tuple[Rows, int]:
    highest = connection.execute(_FLOORS.highest).fetchone()
    floor = connection.execute(_FLOORS.lowest_floor).fetchone()
    assert highest is not None
    assert floor is not None
    settled = highest[0] if floor[0] is None else min(highest[0], floor[0])
    rows, _ = _above(connection, after, settled)
    return rows, max(after, settled)


def _read_by_transaction(connection: Connection, after: Any) -> tuple[Rows, Any]:
    rows = connection.execute(
        "select position, stream_id, version, xid::text from sourcery_events "
        "where (xid, position) > (%s::text::xid8, %s) "
        "and xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid, position",
        after,
    ).fetchall()
    last = (rows[-1][3], rows[-1][0]) if rows else after
    return [row[:3] for row in rows], last


#: The first is the reference.
RULES: Final = (
    Rule("position > checkpoint", _plain, _read_all),
    Rule("advisory lock", _locked, _read_all),
    Rule("counter row", _counted, _read_all),
    Rule("xid < xmin, order by (xid, position)", _plain, _read_by_transaction, ("0", 0)),
    Rule("position floors", _floored, _read_settled),
)
