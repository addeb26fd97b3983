"""What a unit of work has gathered: aggregates, appended events, messages; as one batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import define, evolve, field

from sourcery.aggregate import Aggregate, Pending, end, recorded_by, take_recorded
from sourcery.arguments import is_several
from sourcery.codec import Codec, encode_event
from sourcery.context import Metadata, current_metadata
from sourcery.dialects import Batch, EventRow, MessageRow, StreamBatch
from sourcery.errors import InvalidArgument, UnitOfWorkError, VersionConflict
from sourcery.expected import Expected, ExpectedVersion, admits
from sourcery.ids import new_id
from sourcery.mapping import Mappings
from sourcery.stream import Stream, bucket_of

A = Aggregate[Any]


@define
class Changes:
    """Everything to be written at the end, in the order it will be written."""

    codec: Codec
    mappings: Mappings
    loaded: dict[Stream, A] = field(factory=dict[Stream, A])
    appended: dict[Stream, StreamBatch] = field(factory=dict[Stream, StreamBatch])
    messages: list[MessageRow] = field(factory=list[MessageRow])
    #: Streams appended with event ids of the caller's, which may be repeats.
    repeatable: list[Stream] = field(factory=list[Stream])
    #: What appended events lead to, by the mappings of the store.
    mapped: dict[Stream, list[MessageRow]] = field(factory=dict[Stream, list[MessageRow]])
    #: The trace context of the moment; None when nobody traces.
    traceparent: Callable[[], str | None] | None = None

    def append(
        self,
        stream: Stream,
        events: Iterable[object],
        expected: ExpectedVersion,
        event_ids: Sequence[UUID] | None,
    ) -> None:
        """Encode the events now, so that what cannot be stored is refused in the block."""
        if not is_several(events):
            raise InvalidArgument("events", "takes several: write one as [event]")
        pending = self._traced([(event, current_metadata()) for event in events])
        if event_ids is not None:
            _check_ids(expected, pending, event_ids)
        rows = encoded(self.codec, stream, pending, event_ids)
        mapped = self._mapped(stream, pending, rows)
        if stream in self.appended:
            self._extend(self.appended[stream], expected, rows)
        elif rows:
            self.appended[stream] = StreamBatch(stream, expected, rows)
        if event_ids is not None and rows:
            self.repeatable.append(stream)
        if mapped:
            self.mapped.setdefault(stream, []).extend(mapped)

    def metadata(self) -> Metadata:
        """Of what is published now."""
        return self._traced([(None, current_metadata())])[0][1]

    def _traced(self, pending: Sequence[Pending]) -> Sequence[Pending]:
        """With the trace context of now, which is nearer to them than one that was handed on."""
        now = self.traceparent() if self.traceparent and pending else None
        if now is None:
            return pending
        known = {id(metadata): metadata for _, metadata in pending}
        traced = {key: evolve(metadata, traceparent=now) for key, metadata in known.items()}
        return [(event, traced[id(metadata)]) for event, metadata in pending]

    def _mapped(
        self, stream: Stream, pending: Sequence[Pending], rows: Sequence[EventRow]
    ) -> list[MessageRow]:
        return self.mappings.messages(stream, pending, rows) if self.mappings.by_class else []

    @staticmethod
    def _extend(batch: StreamBatch, expected: ExpectedVersion, rows: list[EventRow]) -> None:
        """Append after this unit's own events, whose number the second call must expect."""
        if isinstance(batch.expected, int):
            actual = batch.expected + len(batch.rows)
            if not admits(expected, actual):
                shown = expected.name if isinstance(expected, Expected) else expected
                raise VersionConflict(batch.stream, shown, actual)
        elif not isinstance(expected, Expected):
            problem = f"{batch.stream} was appended unchecked before: its version is not known yet"
            raise InvalidArgument("expected", problem)
        batch.rows.extend(rows)

    def batch(self, clock: Callable[[], datetime] | None) -> Batch:
        """All of it, streams in sorted order, so that two units lock in one order.

        Messages of the caller's come first, then those that events lead to, in the events' order.
        """
        streams, mapped = dict(self.appended), dict(self.mapped)
        for stream, aggregate in self.loaded.items():
            pending = self._traced(recorded_by(aggregate))
            if not pending:
                continue
            if stream in streams:
                problem = f"{stream} was changed by append and by its aggregate in one unit"
                raise UnitOfWorkError(problem)
            expected = aggregate.version - len(pending)
            rows = encoded(self.codec, stream, pending, None)
            streams[stream] = StreamBatch(stream, expected, rows)
            mapped[stream] = self._mapped(stream, pending, rows)
        ordered = sorted(streams)
        messages = [*self.messages, *(m for s in ordered for m in mapped.get(s, ()))]
        moment = _aware(clock()) if clock else None
        return Batch([streams[stream] for stream in ordered], messages, moment)

    @property
    def is_any(self) -> bool:
        """Whether there is anything to write."""
        if self.messages or self.appended:
            return True
        if not self.loaded:
            return False
        return any(recorded_by(aggregate) for aggregate in self.loaded.values())

    def seen(self) -> dict[Stream, int]:
        """The versions that this unit's decisions rest on."""
        checked = {s.stream: s.expected for s in self.appended.values()}
        loaded = {s: a.version - len(recorded_by(a)) for s, a in self.loaded.items()}
        return loaded | {s: v for s, v in checked.items() if isinstance(v, int)}

    def end(self) -> None:
        """The unit is over, whichever way: its aggregates record nothing more."""
        for aggregate in self.loaded.values():
            end(aggregate)

    def written(self) -> None:
        """Forget what was recorded, since it is stored now."""
        for aggregate in self.loaded.values():
            take_recorded(aggregate)


def _aware(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise InvalidArgument("clock", "gave a naive datetime: give it a time zone")
    return moment


def _check_ids(
    expected: ExpectedVersion, pending: Sequence[Pending], event_ids: Sequence[UUID]
) -> None:
    if isinstance(expected, Expected):
        problem = "event ids need an expected version, by which a repeated append is recognised"
        raise InvalidArgument("expected", problem)
    if len(event_ids) != len(pending):
        raise InvalidArgument("event_ids", f"{len(event_ids)} ids for {len(pending)} events")
    if wrong := [given for given in event_ids if not _is_uuid(given)]:
        raise InvalidArgument("event_ids", f"must be UUIDs, not {type(wrong[0]).__name__}")
    if len(set(event_ids)) != len(event_ids):
        raise InvalidArgument("event_ids", "one id is given twice")


def _is_uuid(given: object) -> bool:
    return isinstance(given, UUID)


def encoded(
    codec: Codec, stream: Stream, pending: Sequence[Pending], ids: Sequence[UUID] | None
) -> list[EventRow]:
    """Rows of one stream's events. Raises `EncodeError` for the first that cannot be stored."""
    bucket = bucket_of(stream.key)
    rows: list[EventRow] = []
    for n, (event, metadata) in enumerate(pending):
        kind, version, data = encode_event(codec, event)
        event_id = new_id() if ids is None else ids[n]
        rows.append(EventRow(event_id, kind, version, bucket, data.decode(), metadata.encoded))
    return rows
