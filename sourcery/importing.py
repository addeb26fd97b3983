"""Bringing a history in from elsewhere, in bulk: `import_events`, and the engine below it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID, uuid5

from attrs import define, field, frozen
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from sourcery import schema
from sourcery.codec import Codec, encode_event
from sourcery.context import Metadata, in_handler
from sourcery.dialects import ImportedEvent
from sourcery.dialects.statements import Statement
from sourcery.errors import (
    ImportRefused,
    InvalidArgument,
    Retryable,
    UseTheHandlersSession,
)
from sourcery.log import translated
from sourcery.store import EventStore
from sourcery.stream import Stream, bucket_of

#: Events of one transaction.
BATCH: Final = 2000
#: Times that a batch is tried: others may append, and connections may break.
_ATTEMPTS: Final = 5
#: Seconds between two of them, drawn at random between these: two imports may be in step.
_WAIT: Final = (0.01, 0.1)
#: Makes the ids of events that have none; a repeat makes the same.
_NAMESPACE: Final = UUID("5a0c8d5e-6f0e-5d53-9c3c-1f1f0a7c2b11")
_NOTHING: Final = Metadata()

_events = schema.events.c
_STORED: Final = Statement(
    select(_events.version, _events.event_id)
    .where(_events.category == bindparam("category"))
    .where(_events.stream_id == bindparam("stream_id"))
    .where(_events.version.between(bindparam("first"), bindparam("last")))
)


@frozen(kw_only=True)
class PastEvent:
    """One event of a history, as it is to be stored."""

    stream: Stream
    #: Number of the event in its stream, from 1.
    version: int
    event: object
    #: None makes one out of stream and version, the same at every import.
    event_id: UUID | None = None
    metadata: Metadata = _NOTHING
    #: When it was recorded, aware; None is the database's clock.
    recorded_at: datetime | None = None


@frozen(kw_only=True)
class Imported:
    """How far an import has come."""

    #: Events that were taken from the history: those written and those that were stored before.
    read: int = 0
    written: int = 0


def import_events(
    store: EventStore,
    history: Iterable[PastEvent],
    *,
    batch: int = BATCH,
    on_progress: Callable[[Imported], object] | None = None,
) -> Imported:
    """Store a history in its order; positions are new, everything else is kept.

    Every `batch` events are one transaction, after which `on_progress` is called. Writers and
    consumers may be at work: events are delivered in order, and none is skipped. An event that is
    stored already, with the same id at the same version, is passed over; so after an interruption
    the same call goes on. The versions of a stream must follow each other and what is stored.
    Mappings to messages are not applied, and `history` is read once, a batch at a time.

    Raises `ImportRefused` for an event that does not fit, `EncodeError` for one that cannot be
    stored, `RetryTransaction` when other writers were faster again and again. What was committed
    before stays, and the batch at hand leaves nothing.
    """
    rows = (_pending(number, past) for number, past in enumerate(history, 1))
    return import_rows(store, rows, batch, on_progress, partial(_encoded, store.codec))


def import_rows(
    store: EventStore,
    rows: Iterable[Row],
    batch: int,
    on_progress: Callable[[Imported], object] | None,
    encode: Callable[[Any], ImportedEvent] | None = None,
) -> Imported:
    """Store rows as `import_events` does: the engine of every import.

    `encode` makes the row of the table, late where the database takes rows one by one: it stores
    the first ones while the next are made.
    """
    if isinstance(batch, bool) or batch < 1:
        raise InvalidArgument("batch", f"must be at least 1, not {batch}")
    if in_handler():
        raise UseTheHandlersSession("an import")
    store.database.start()
    done, events = Imported(), iter(rows)
    while given := list(islice(events, batch)):
        if encode is not None and not store.database.dialect.streams_rows:
            given, encode_late = [encode(row) for row in given], None
        else:
            encode_late = encode
        written = _Batch(store, given, done.read, encode_late).store()
        done = Imported(read=done.read + len(given), written=done.written + written)
        if on_progress is not None:
            on_progress(done)
    return done


def refused(number: int, row: Row, problem: str) -> ImportRefused:
    """The error of one event of a history; numbers begin at 1."""
    return ImportRefused(number, row.stream, row.version, problem)


class _Pending(NamedTuple):
    """An event of a history that is checked, and not encoded yet."""

    category: str
    stream_id: str
    version: int
    event_id: UUID
    past: PastEvent

    @property
    def recorded_at(self) -> datetime | None:
        """Its own time."""
        return self.past.recorded_at

    @property
    def stream(self) -> Stream:
        """Its stream."""
        return self.past.stream


Row: TypeAlias = ImportedEvent | _Pending

#: Category and id of a stream, as they begin a row.
_Place = tuple[str, str]


@define
class _Batch:
    """The events of one transaction."""

    store_: EventStore
    rows: Sequence[Row]
    #: How many came before.
    before: int
    #: Makes what is stored, unless the rows are that.
    encode: Callable[[Any], ImportedEvent] | None
    #: Whether any has no time of its own.
    needs_clock: bool = False
    #: Each once.
    streams: list[Stream] = field(factory=list[Stream])
    #: First version of each stream.
    firsts: dict[_Place, int] = field(factory=dict[_Place, int])

    def store(self) -> int:
        """Write what is not stored yet; how many that were."""
        self._find_firsts()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                written = self._transaction()
            except (Retryable, DBAPIError) as error:
                if attempt == _ATTEMPTS or not self._may_try_again(error):
                    raise
            else:
                if written:
                    self.store_.database.committed()
                return written
            time.sleep(random.uniform(*_WAIT))  # noqa: S311 - jitter is no secret
        raise AssertionError("unreachable")

    @staticmethod
    def _may_try_again(error: Exception) -> bool:
        """Another writer was first, or nobody knows: the ids that are stored will tell."""
        if isinstance(error, Retryable | IntegrityError):
            return True
        return isinstance(error, DBAPIError) and error.connection_invalidated

    def _find_firsts(self) -> None:
        """Having checked that the versions of each stream follow each other."""
        heads: dict[_Place, int] = {}
        self.needs_clock = any(row.recorded_at is None for row in self.rows)
        for number, row in enumerate(self.rows):
            place = row[:2]
            head = heads.get(place)
            if head is None:
                self.firsts[place] = row.version
                self.streams.append(row.stream)
            elif head + 1 != row.version:
                raise self._refused(number, f"it follows version {head}")
            heads[place] = row.version

    def _transaction(self) -> int:
        database = self.store_.database
        dialect = database.dialect
        with translated(dialect), database.writing() as connection, connection.begin():
            dialect.begin(connection)
            positions, heads = dialect.take(connection, len(self.rows), self.streams)
            fresh = self._fresh(connection, {(s.category, s.id): n for s, n in heads.items()})
            if fresh:
                rows = fresh if self.encode is None else map(self.encode, fresh)
                now = dialect.now(connection) if self.needs_clock else None
                dialect.import_rows(connection, positions[: len(fresh)], rows, now)
        return len(fresh)

    def _fresh(self, connection: Connection, heads: dict[_Place, int]) -> Sequence[Any]:
        """The rows that are not stored yet. Raises `ImportRefused` for those that do not fit."""
        begun = {place for place, first in self.firsts.items() if first != heads[place] + 1}
        if not begun:
            return self.rows
        stored = {place: self._stored(connection, place) for place in begun}
        fresh: list[Row] = []
        for number, row in enumerate(self.rows):
            place = row[:2]
            head = heads[place]
            if place not in begun or row.version > head:
                if self.firsts[place] > head + 1:
                    raise self._refused(number, f"the stream ends at version {head}")
                fresh.append(row)
            elif stored[place].get(row.version) != str(row.event_id):
                raise self._refused(number, "another event is stored at that version")
        return fresh

    def _stored(self, connection: Connection, place: _Place) -> dict[int, str]:
        """Ids at the versions of the batch."""
        first = self.firsts[place]
        between = {"first": first, "last": first + len(self.rows)}
        values = {"category": place[0], "stream_id": place[1]} | between
        return {row[0]: str(row[1]) for row in _STORED.run(connection, values)}

    def _refused(self, number: int, problem: str) -> ImportRefused:
        return refused(self.before + number + 1, self.rows[number], problem)


def _pending(number: int, past: Any) -> _Pending:
    """Refuses what is no event of a history, or has no place in one."""
    if not isinstance(past, PastEvent):
        raise InvalidArgument("history", f"gave a {type(past).__name__}, not a PastEvent")
    version: Any = past.version
    if type(version) is not int or version < 1:
        problem = f"must be a whole number from 1, not {version!r}"
        raise InvalidArgument(f"version of event {number}", problem)
    if past.recorded_at is not None and past.recorded_at.utcoffset() is None:
        raise InvalidArgument(f"recorded_at of event {number}", "is naive: give it a time zone")
    stream = past.stream
    event_id = past.event_id or uuid5(_NAMESPACE, f"{stream.key}\0{version}")
    return _Pending(stream.category, stream.id, version, event_id, past)


def _encoded(codec: Codec, pending: _Pending) -> ImportedEvent:
    """As it is stored."""
    past = pending.past
    kind, schema_version, data = encode_event(codec, past.event)
    bucket = bucket_of(past.stream.key)
    return ImportedEvent(
        *pending[:4],
        kind,
        schema_version,
        bucket,
        data.decode(),
        past.metadata.encoded,
        past.recorded_at,
    )
