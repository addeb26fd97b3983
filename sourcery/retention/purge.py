"""Deleting from the outbox what was sent long ago."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from sourcery.database import Database
from sourcery.errors import InvalidArgument
from sourcery.log import translated
from sourcery.outbox import topics
from sourcery.retention.cursors import Cursors, cursors
from sourcery.retention.pruning import Pruned, prunable, prune
from sourcery.store import EventStore

#: How long sent messages are kept, and how many rows a transaction looks at.
KEPT: Final = timedelta(days=7)
CHUNK: Final = 1000
_LARGEST_CHUNK: Final = 100_000


@frozen(kw_only=True)
class Purged:
    """What `purge_outbox` did, or with `dry_run` would do."""

    #: Messages deleted, by topic; topics without any are left out.
    deleted: Mapping[str, int]
    #: Topics that no relay has ever read: nothing of them is deleted.
    unread: tuple[str, ...]


def purge_outbox(
    store: EventStore,
    *,
    older_than: timedelta = KEPT,
    chunk: int = CHUNK,
    dry_run: bool = False,
) -> Purged:
    """Delete messages that every relay of their topic has sent and that are older than this.

    In order of position, in transactions that look at `chunk` rows each, so that it may be
    ended at any time. What waits, what failed, and later messages of a key that has a dead
    letter stay. With `dry_run` all of them do, and are counted. Raises `RetryTransaction` when
    the database asks for another run.
    """
    age = check_age("older_than", older_than)
    _check_chunk(chunk)
    database = store.database
    with database.reading() as connection:
        before = database.dialect.now(connection) - age
        found = cursors(connection, database.dialect, topics(connection))
    deleted = {
        topic: _purge(database, of_topic, before, chunk, dry_run=dry_run)
        for topic, of_topic in found.items()
    }
    return Purged(
        deleted={topic: count for topic, count in sorted(deleted.items()) if count},
        unread=tuple(sorted(topic for topic, of_topic in found.items() if not of_topic.rows)),
    )


#: Nothing is older; the database's clock less this is still a time.
_LONGEST: Final = timedelta(days=36_500)


def check_age(name: str, age: object) -> timedelta:
    """Give a time to keep messages back, or raise `InvalidArgument`."""
    if not isinstance(age, timedelta) or age < timedelta(0):
        raise InvalidArgument(name, "must be a timedelta, zero or more")
    return min(age, _LONGEST)


def _check_chunk(chunk: object) -> None:
    if isinstance(chunk, bool) or not isinstance(chunk, int) or not 1 <= chunk <= _LARGEST_CHUNK:
        raise InvalidArgument("chunk", f"must be a whole number from 1 to {_LARGEST_CHUNK}")


def _purge(
    database: Database, of_topic: Cursors, before: datetime, chunk: int, *, dry_run: bool
) -> int:
    one = _count_chunk if dry_run else purge_chunk
    deleted = 0
    above: int | None = 0
    while above is not None:
        done = one(database, of_topic, before, above=above, chunk=chunk)
        deleted += done.deleted
        above = done.upto
    return deleted


def purge_chunk(
    database: Database, of_topic: Cursors, before: datetime, *, above: int, chunk: int = CHUNK
) -> Pruned:
    """One chunk of one topic, in a transaction of its own."""
    if not of_topic.rows:
        return Pruned(0, None)
    dialect = database.dialect
    with translated(dialect), database.writing() as connection, connection.begin():
        dialect.begin(connection)
        return prune(connection, dialect, of_topic, before=before, above=above, chunk=chunk)


def _count_chunk(
    database: Database, of_topic: Cursors, before: datetime, *, above: int, chunk: int = CHUNK
) -> Pruned:
    if not of_topic.rows:
        return Pruned(0, None)
    with database.reading() as connection:
        return prunable(connection, of_topic, before=before, above=above, chunk=chunk)
