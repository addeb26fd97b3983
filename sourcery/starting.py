"""Where a reader begins: a position, a time or now, as a position of this log."""

from __future__ import annotations

from sourcery.database import Database
from sourcery.errors import InvalidArgument
from sourcery.log import LogQuery, MessageQuery, message_position_at, position_at
from sourcery.selection import check_start
from sourcery.start import NOW, Start


def resolve_start(database: Database, start: Start, name: str = "after") -> int:
    """The position after which to begin. Raises `InvalidArgument`, also beyond the log.

    `name` is the argument's.
    """
    position = find_start(database, start, name)
    if isinstance(start, int) and (problem := beyond_log(database, position)):
        raise InvalidArgument(name, problem)
    return position


def beyond_log(database: Database, position: int) -> str | None:
    """What is wrong with a position that was never given out; None for one that was.

    The settled position says nothing about that: a late writer may have it fall.
    """
    last = database.last_drawn() if position else 0
    if position <= last:
        return None
    return f"position {position} is beyond the log, whose last one is {last}"


def find_start(database: Database, start: Start, name: str, query: LogQuery | None = None) -> int:
    """The position after which to begin, whether or not it was given out yet.

    The first event at or after a time is looked for from the origin; or the first message, of
    those that the query of a relay selects. Raises `InvalidArgument` for what is no start.
    """
    check_start(start, name)
    if isinstance(start, int):
        return start
    settled = database.frontier().settled
    if start is NOW:
        return settled
    dialect = database.dialect
    moment = database.earliest(start)
    with database.reading() as connection:
        if isinstance(query, MessageQuery):
            return message_position_at(connection, dialect, query.topic, moment, settled)
        return position_at(connection, dialect, moment, settled)
