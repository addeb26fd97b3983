"""Applies the declared mappings to the events of a unit of work."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, cast

from attrs import define, evolve, field

from sourcery.aggregate import Pending
from sourcery.codec import Codec
from sourcery.context import caused_by
from sourcery.dialects import EventRow, MessageRow
from sourcery.errors import DefinitionError, InvalidArgument, MappingFailed, SourceryError
from sourcery.outbox import TYPE, message
from sourcery.outgoing import MessageMapping, Outgoing
from sourcery.stream import Stream

AnyMapping = MessageMapping[Any]


@define(eq=False)
class Mappings:
    """All mappings of a store, by the class of event they are for, in the order they were given."""

    codec: Codec
    by_class: dict[type[Any], tuple[AnyMapping, ...]] = field(
        factory=dict[type[Any], tuple[AnyMapping, ...]]
    )

    @classmethod
    def of(cls, codec: Codec, given: Iterable[object]) -> Mappings:
        """Raises `DefinitionError` for what is no mapping and for one given twice."""
        mappings = cls(codec)
        for mapping in given:
            mappings._add(mapping)
        return mappings

    def _add(self, given: object) -> None:
        if not isinstance(given, MessageMapping):
            problem = f"messages are mappings made by @outgoing(...), not {given!r}"
            raise DefinitionError("EventStore", problem)
        for event_class in given.classes:
            known = self.by_class.get(event_class, ())
            if given in known:
                raise DefinitionError("EventStore", f"mapping {given.name} is given twice")
            self.by_class[event_class] = (*known, given)

    def messages(
        self, stream: Stream, pending: Sequence[Pending], rows: Sequence[EventRow]
    ) -> list[MessageRow]:
        """What these events of a stream lead to, encoded. Raises `MappingFailed`."""
        found: list[MessageRow] = []
        for (event, metadata), row in zip(pending, rows, strict=True):
            for mapping in self._for(event):
                with _explained(mapping, row.kind):
                    cause = caused_by(metadata, row.event_id)
                    for given in listed(mapping(event, stream)):
                        full = completed(given, stream, row.kind)
                        found.append(message(self.codec, full, cause))
        return found

    def _for(self, event: object) -> tuple[AnyMapping, ...]:
        return self.by_class.get(type(event), ())


@contextmanager
def _explained(mapping: AnyMapping, kind: str) -> Generator[None]:
    """Name the mapping and the kind; what others raise may hold a payload, so it is not quoted."""
    try:
        yield
    except SourceryError as error:
        raise MappingFailed(mapping.name, kind, str(error)) from error
    except Exception as error:
        raise MappingFailed(mapping.name, kind, f"raised {type(error).__name__}") from error


def listed(given: object) -> list[object]:
    """All that a mapping gave, before any of it is used."""
    if given is None:
        return []
    if isinstance(given, Outgoing) or not isinstance(given, Iterable):
        return [given]
    return list(cast(Iterable[object], given))


def completed(given: object, stream: Stream, kind: str) -> Outgoing:
    """With the key and the header that a mapped message has by default.

    Raises `InvalidArgument` for what is no `Outgoing`.
    """
    if not isinstance(given, Outgoing):
        problem = f"gave a {type(given).__name__}: give an Outgoing, several, or None"
        raise InvalidArgument("the mapping", problem)
    headers = {TYPE: kind} | dict(given.headers or {})
    return evolve(given, key=stream.id if given.key is None else given.key, headers=headers)
