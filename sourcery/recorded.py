"""Recorded events: the event and the envelope it was stored in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from sourcery.context import Metadata, decode_metadata
from sourcery.errors import DecodeError, EncodeError
from sourcery.stream import Stream

E = TypeVar("E", covariant=True)

#: Columns of a stored event, in the order every reader selects them. The time is selected
#: as text: drivers decode timestamps for all rows, most readers want none.
COLUMNS: Final = (
    "position",
    "category",
    "stream_id",
    "version",
    "event_id",
    "kind",
    "schema_version",
    "data",
    "metadata",
    "recorded_at",
)
StoredRow = Sequence[Any]


def known_id(stored: Any) -> UUID | None:
    """An id, from whatever the driver makes of one; None if somebody damaged it."""
    if isinstance(stored, UUID):
        return stored
    try:
        return UUID(stored)
    except (AttributeError, TypeError, ValueError):
        return None


def as_uuid(stored: Any) -> UUID:
    """The same; one that no event has if somebody damaged it."""
    return known_id(stored) or UUID(int=0)


def moment_of(row: StoredRow) -> datetime:
    """When a stored event was recorded; UTC."""
    stored = row[9]
    moment = stored if isinstance(stored, datetime) else datetime.fromisoformat(stored)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class Recorded(Generic[E]):
    """An event with its envelope. The envelope is decoded when asked for."""

    __slots__ = ("_row", "event", "part")

    #: The event, as the class its reader asked for.
    event: E
    #: Number of this part, from 0, when an upcaster split one stored event into several.
    part: int

    def __init__(self, event: E, row: StoredRow, part: int = 0) -> None:
        self.event = event
        self.part = part
        self._row = row

    @property
    def position(self) -> int:
        """Store-wide number: unique, growing, may have gaps."""
        return int(self._row[0])

    @property
    def stream(self) -> Stream:
        """The stream the event belongs to."""
        return Stream(self._row[1], self._row[2])

    @property
    def version(self) -> int:
        """Number of the event in its stream, from 1."""
        return int(self._row[3])

    @property
    def event_id(self) -> UUID:
        """The event's own id; parts of a split event share it."""
        found = known_id(self._row[4])
        if found is None:
            raise self._damaged("event_id", "is no UUID")
        return found

    @property
    def kind(self) -> str:
        """The kind as stored, before any upcaster renamed it."""
        return str(self._row[5])

    @property
    def schema_version(self) -> int:
        """The schema version as stored, before any upcaster raised it."""
        return int(self._row[6])

    @property
    def data(self) -> str:
        """The payload as it is stored, to the letter: JSON, before any upcaster."""
        return str(self._row[7])

    @property
    def metadata(self) -> Metadata:
        """Who and why. Raises `DecodeError` for what was changed by hand."""
        try:
            return decode_metadata(self._row[8])
        except (EncodeError, RecursionError, TypeError, ValueError):
            raise self._damaged("metadata", "is not what was stored") from None

    @property
    def recorded_at(self) -> datetime:
        """The database's clock at insert (or the store's own clock), in UTC."""
        try:
            return moment_of(self._row)
        except (AttributeError, OverflowError, TypeError, ValueError):
            raise self._damaged("recorded_at", "is no time") from None

    def _damaged(self, column: str, problem: str) -> DecodeError:
        """Somebody changed the row; not chained, since the cause quotes it."""
        id = known_id(self._row[4])
        return DecodeError(
            self.kind, self._row[6], column, problem, event_id=id, position=self.position
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recorded):
            return NotImplemented
        return (self.event_id, self.part) == (other.event_id, other.part)

    def __hash__(self) -> int:
        return hash((self.event_id, self.part))

    def __repr__(self) -> str:
        name = f"{self.kind} of {self.stream.category}/{self.stream.id!a}"
        return f"<Recorded {name} version {self.version} at position {self.position}>"
