"""The log that a consumer reads, as far as the engine must know its rows."""

from __future__ import annotations

from typing import Final, Protocol
from uuid import UUID

from attrs import frozen

from sourcery.log import LogQuery, Query
from sourcery.recorded import StoredRow, as_uuid
from sourcery.stream import Stream, bucket_of

#: Index of the position, in a row of either log.
POSITION: Final = 0
_CATEGORY, _STREAM_ID, _EVENT_ID, _KIND = 1, 2, 4, 5


class Source(Protocol):
    """What is read, and what a row of it is called."""

    @property
    def query(self) -> LogQuery:
        """Which rows."""
        ...

    def key_of(self, row: StoredRow) -> str:
        """What must stay in order, as letters name it."""
        ...

    def bucket_of(self, row: StoredRow) -> int:
        """The bucket of that."""
        ...

    def id_of(self, row: StoredRow) -> UUID:
        """Id of the event or message."""
        ...

    def name_of(self, row: StoredRow) -> str:
        """How a log names the row, without its position."""
        ...

    def facts_of(self, row: StoredRow) -> dict[str, object]:
        """The same as fields of a log record."""
        ...


@frozen
class EventSource:
    """Events: the key is the stream."""

    query: Query

    def key_of(self, row: StoredRow) -> str:
        """The stream."""
        return Stream(row[_CATEGORY], row[_STREAM_ID]).path

    def bucket_of(self, row: StoredRow) -> int:
        """Not among the columns that are read, but it follows from the stream."""
        return bucket_of(Stream(row[_CATEGORY], row[_STREAM_ID]).key)

    def id_of(self, row: StoredRow) -> UUID:
        """The event's id."""
        return as_uuid(row[_EVENT_ID])

    def name_of(self, row: StoredRow) -> str:
        """Its id and kind."""
        return f"event {row[_EVENT_ID]} ({row[_KIND]})"

    def facts_of(self, row: StoredRow) -> dict[str, object]:
        """Its id, kind and stream."""
        stream = self.key_of(row)
        return {"event_id": str(row[_EVENT_ID]), "kind": row[_KIND], "stream": stream}
