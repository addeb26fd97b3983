"""Append a batch, with the database's errors made ours. Never commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from sourcery import schema
from sourcery.dialects import Batch, Dialect, Written
from sourcery.dialects.statements import Statement
from sourcery.errors import RetryTransaction, StoreRewound

_events = schema.events.c
_STORED: Final = Statement(
    select(_events.position, _events.event_id)
    .where(_events.category == bindparam("category"))
    .where(_events.stream_id == bindparam("stream_id"))
    .where(_events.version == bindparam("version"))
)


def append(connection: Connection, dialect: Dialect, batch: Batch) -> Written | None:
    """Write a batch in one go; None when an expectation does not hold.

    After None the caller must undo to before the call, and may then ask `explain_conflict`.
    Raises `RetryTransaction` when the database asks for another run, `StoreRewound` when a
    position was handed out twice.
    """
    if not batch.size:
        return Written()
    with translated(dialect):
        return dialect.append(connection, batch)


@contextmanager
def translated(dialect: Dialect) -> Generator[None]:
    """Turn the database's errors that have a meaning of ours into it; leave all others."""
    try:
        yield
    except DBAPIError as error:
        error.hide_parameters = True  # they are payloads
        if dialect.restarts(error):
            raise RetryTransaction(type(error.orig).__name__) from error
        if dialect.took_position(error):
            raise StoreRewound("a position just drawn is taken by a stored row") from error
        if missing := dialect.missing_privilege(error):
            raise missing from error
        raise


def is_lost(error: BaseException) -> bool:
    """Whether the server or the way to it is to blame: connecting again may help.

    An error without a statement happened while connecting. SQLite has no server to lose.
    """
    if not isinstance(error, DBAPIError) or isinstance(error.orig, sqlite3.Error):
        return False
    of_connecting = error.statement is None and isinstance(error, OperationalError | InterfaceError)
    return error.connection_invalidated or of_connecting


def stored_by(connection: Connection, batch: Batch) -> Written | None:
    """Positions of a recognisable batch when it is stored, else None.

    A batch is stored whole or not at all, so the ids at its versions decide.
    """
    positions: list[int] = []
    for stream in batch.streams:
        expected = stream.expected if isinstance(stream.expected, int) else 0
        for version, row in enumerate(stream.rows, expected + 1):
            place = {"category": stream.stream.category, "stream_id": stream.stream.id}
            found = _STORED.run(connection, place | {"version": version}).one_or_none()
            if found is None or str(found[1]) != str(row.event_id):
                return None
            positions.append(found[0])
    return Written(tuple(positions))
