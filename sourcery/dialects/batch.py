"""What a dialect appends: rows of both logs, and what their writer expects of each stream."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from attrs import define, field, frozen

from sourcery.expected import ExpectedVersion, admits
from sourcery.stream import Stream


class EventRow(NamedTuple):
    """One event, without its place in stream and log."""

    event_id: UUID
    kind: str
    schema_version: int
    bucket: int
    data: str
    metadata: str


class MessageRow(NamedTuple):
    """One outbox row, without its position."""

    message_id: UUID
    topic: str
    key: str | None
    bucket: int
    headers: str
    payload: bytes
    content_type: str


class PlacedEvent(NamedTuple):
    """An event and its place in its stream."""

    category: str
    stream_id: str
    version: int
    row: EventRow


class ImportedEvent(NamedTuple):
    """An event of a history and its place, flat: there are many."""

    category: str
    stream_id: str
    version: int
    event_id: UUID
    kind: str
    schema_version: int
    bucket: int
    data: str
    metadata: str
    #: Its own time; None is the database's.
    recorded_at: datetime | None

    @property
    def stream(self) -> Stream:
        """Its stream."""
        return Stream(self.category, self.stream_id)


@define
class StreamBatch:
    """The events one writer appends to one stream, in order."""

    stream: Stream
    expected: ExpectedVersion
    rows: list[EventRow] = field(factory=list[EventRow])

    def placed(self, head: int) -> list[PlacedEvent]:
        """The rows with versions that follow `head`."""
        category, stream_id = self.stream.category, self.stream.id
        return [
            PlacedEvent(category, stream_id, version, row)
            for version, row in enumerate(self.rows, head + 1)
        ]


@define
class Batch:
    """All that one transaction appends; streams in sorted order, then messages."""

    streams: list[StreamBatch] = field(factory=list[StreamBatch])
    messages: list[MessageRow] = field(factory=list[MessageRow])
    #: Time of all rows; None takes the database's clock.
    moment: datetime | None = None

    @property
    def size(self) -> int:
        """Number of positions to draw."""
        return sum(len(stream.rows) for stream in self.streams) + len(self.messages)

    @property
    def recognisable(self) -> bool:
        """Whether event ids at known versions can tell that it is stored."""
        return bool(self.streams) and all(isinstance(s.expected, int) for s in self.streams)

    def placed(self, heads: Mapping[Stream, int]) -> list[PlacedEvent] | None:
        """Every event with its version, or None when an expectation does not hold."""
        if not all(admits(s.expected, heads[s.stream]) for s in self.streams):
            return None
        return [event for s in self.streams for event in s.placed(heads[s.stream])]


@frozen
class Written:
    """Positions drawn, in the order of the batch."""

    events: tuple[int, ...] = ()
    messages: tuple[int, ...] = ()
