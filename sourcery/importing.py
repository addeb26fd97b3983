"""Bringing a history in from elsewhere, in bulk: `import_events`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final
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
    if isinstance(batch, bool) or batch < 1:
        raise InvalidArgument("batch", f"must be at least 1, not {batch}")
    if in_handler():
        raise UseTheHandlersSession("an import")
    store.database.start()
    done, events = Imported(), iter(history)
    while given := list(islice(events, batch)):
        written = _Batch(store, given, done.read).store()
        done = Imported(read=done.read + len(given), written=done.written + written)
        if on_progress is not None:
            on_progress(done)
    return done


@define
class _Head:
    """How far a stream has come in a batch."""

    version: int
    bucket: int


@define
class _Batch:
    """The events of one transaction."""

    store_: EventStore
    given: Sequence[PastEvent]
    #: How many came before.
    before: int
    #: First of each stream.
    firsts: dict[Stream, int] = field(factory=dict[Stream, int])
    rows: list[ImportedEvent] = field(factory=list[ImportedEvent])

    def store(self) -> int:
        """Write what is not stored yet; how many that were."""
        self.rows = list(self._encoded(self.store_.codec))
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
        raise AssertionError("unreachable")

    @staticmethod
    def _may_try_again(error: Exception) -> bool:
        """Another writer was first, or nobody knows: the ids that are stored will tell."""
        if isinstance(error, Retryable | IntegrityError):
            return True
        return isinstance(error, DBAPIError) and error.connection_invalidated

    def _transaction(self) -> int:
        database = self.store_.database
        dialect = database.dialect
        with translated(dialect), database.writing() as connection, connection.begin():
            dialect.begin(connection)
            positions, heads = dialect.take(connection, len(self.rows), self.firsts)
            fresh = self._fresh(connection, heads)
            if fresh:
                dialect.import_rows(connection, positions[: len(fresh)], fresh)
        return len(fresh)

    def _fresh(self, connection: Connection, heads: dict[Stream, int]) -> list[ImportedEvent]:
        """The rows that are not stored yet. Raises `ImportRefused` for those that do not fit."""
        begun = {stream for stream, first in self.firsts.items() if first != heads[stream] + 1}
        if not begun:
            return self.rows
        stored = {stream: self._stored(connection, stream) for stream in begun}
        fresh: list[ImportedEvent] = []
        for number, (past, row) in enumerate(zip(self.given, self.rows, strict=True)):
            head = heads[past.stream]
            if past.stream not in begun or past.version > head:
                if self.firsts[past.stream] > head + 1:
                    raise self._refused(number, f"the stream ends at version {head}")
                fresh.append(row)
            elif stored[past.stream].get(past.version) != str(row.event_id):
                raise self._refused(number, "another event is stored at that version")
        return fresh

    def _stored(self, connection: Connection, stream: Stream) -> dict[int, str]:
        """Ids at the versions of the batch."""
        place = {"category": stream.category, "stream_id": stream.id}
        values = {"first": self.firsts[stream], "last": self.firsts[stream] + len(self.given)}
        return {row[0]: str(row[1]) for row in _STORED.run(connection, place | values)}

    def _encoded(self, codec: Codec) -> Iterator[ImportedEvent]:
        """Rows, having checked that the versions of each stream follow each other."""
        heads: dict[Stream, _Head] = {}
        for number, past in enumerate(self.given):
            _check(number + self.before, past)
            stream, version = past.stream, past.version
            head = heads.get(stream)
            if head is None:
                self.firsts[stream] = version
                head = heads[stream] = _Head(version, bucket_of(stream.key))
            elif head.version + 1 != version:
                raise self._refused(number, f"it follows version {head.version}")
            head.version = version
            yield _row(codec, past, head.bucket)

    def _refused(self, number: int, problem: str) -> ImportRefused:
        past = self.given[number]
        return ImportRefused(self.before + number + 1, past.stream, past.version, problem)


def _check(number: int, past: Any) -> None:
    """Refuse what is no event of a history, or has no place in one."""
    if not isinstance(past, PastEvent):
        raise InvalidArgument("history", f"gave a {type(past).__name__}, not a PastEvent")
    version: Any = past.version
    if type(version) is not int or version < 1:
        problem = f"must be a whole number from 1, not {version!r}"
        raise InvalidArgument(f"version of event {number + 1}", problem)
    if past.recorded_at is not None and past.recorded_at.utcoffset() is None:
        raise InvalidArgument(f"recorded_at of event {number + 1}", "is naive: give it a time zone")


def _row(codec: Codec, past: PastEvent, bucket: int) -> ImportedEvent:
    stream, version, event_id = past.stream, past.version, past.event_id
    if event_id is None:
        event_id = uuid5(_NAMESPACE, f"{stream.key}\0{version}")
    kind, schema_version, data = encode_event(codec, past.event)
    return ImportedEvent(
        stream.category,
        stream.id,
        version,
        event_id,
        kind,
        schema_version,
        bucket,
        data.decode(),
        past.metadata.encoded,
        past.recorded_at,
    )
