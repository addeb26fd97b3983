"""Holding the shards of consumers at one position, for as long as somebody looks at them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from sourcery.consumers import ConsumerRow, whole
from sourcery.control.looking import poll, with_locked_rows
from sourcery.database import Database

#: Seconds after which shards go on by themselves: who holds them may be gone.
LONGEST_HOLD: Final = 30.0
#: Seconds to try to take a hold back.
_PATIENCE: Final = 5.0


def hold(connection: Connection, rows: list[ConsumerRow], at: int) -> None:
    """Ask all shards of a consumer, whose rows are locked, to stand still at a position."""
    until = rows[0].now + timedelta(seconds=LONGEST_HOLD)
    whole.hold(connection, rows[0].name, at, until)


def let_go(database: Database, name: str, at: int) -> None:
    """Let the shards go on as they are, unless they are held elsewhere by now."""

    def work(connection: Connection, rows: list[ConsumerRow]) -> bool:
        whole.let_go(connection, name, at)
        return True

    poll(database, _PATIENCE, lambda left: with_locked_rows(database, name, work, left))
    database.committed()


def furthest(rows: list[ConsumerRow]) -> int:
    """The position of the shard that is ahead of all others."""
    return max(row.position for row in rows)


def stand_at(position: int, rows: list[ConsumerRow]) -> bool:
    """Whether all shards are there."""
    return all(row.position == position for row in rows)
