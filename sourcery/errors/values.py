"""Errors about what the program declares, records or passes in."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from attrs import define

from sourcery.errors.base import ConfigurationError, SourceryError

#: Characters of a refused name that its error shows.
_SHOWN: Final = 60


@define
class DefinitionError(ConfigurationError, TypeError):
    """A class or an upcaster is declared in a way that cannot work."""

    owner: str
    problem: str

    def __str__(self) -> str:
        return f"{self.owner}: {self.problem}"


@define
class InvalidName(SourceryError, ValueError):
    """An id, category, kind, topic or key cannot be stored faithfully."""

    what: str
    value: str
    problem: str

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= _SHOWN else f"{self.value[:_SHOWN]}..."
        return f"{self.what} {shown!a} {self.problem}"


@define
class InvalidArgument(SourceryError, ValueError):
    """An argument, or two together, make no sense."""

    argument: str
    problem: str

    def __str__(self) -> str:
        return f"{self.argument}: {self.problem}"


@define
class UndeclaredEvent(SourceryError, TypeError):
    """An event was recorded or appended whose class the receiver does not declare."""

    event_class: str
    owner: str
    #: What to do.
    remedy: str = "add the class to its union of events"

    def __str__(self) -> str:
        return f"{self.event_class} is not one of the events of {self.owner}: {self.remedy}"


@define
class EncodeError(SourceryError, ValueError):
    """An event, message or header cannot be stored faithfully. Nothing was written."""

    kind: str
    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.kind!r} cannot be stored: {self.path}: {self.problem}"


@define
class DecodeError(SourceryError, ValueError):
    """A stored event does not fit the class that reads it.

    Give the store an upcaster from the stored schema version, or mend the class.
    """

    kind: str
    schema_version: int
    path: str
    problem: str
    event_id: UUID | None = None
    position: int | None = None

    def __str__(self) -> str:
        return (
            f"event {self.event_id} at position {self.position} ({self.kind!r} version "
            f"{self.schema_version}) cannot be read: {self.path}: {self.problem}; "
            f"give the store an upcaster from that version, or mend the class"
        )


@define
class EventAhead(DecodeError, ConfigurationError):
    """A newer program stored an event in a schema version that this one does not know.

    Nothing is wrong with the event, so no consumer gives it up: its worker ends with this error,
    and one of the newer program goes on.
    """

    #: The schema version that the class of this program writes.
    known: int = 1

    def __str__(self) -> str:
        return (
            f"event {self.event_id} at position {self.position} ({self.kind!r} version "
            f"{self.schema_version}) cannot be read here: {self.path} {self.problem}, this one "
            f"knows version {self.known}: deploy the newer program here as well"
        )
