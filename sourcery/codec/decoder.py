"""From stored rows to recorded events, for one union of event classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from attrs import frozen

from sourcery.codec.protocol import Codec
from sourcery.codec.upcast import Part
from sourcery.codec.upcasters import Upcasters, UpcastFailed
from sourcery.errors import DecodeError, EventAhead
from sourcery.events import event_type
from sourcery.recorded import Recorded, StoredRow, known_id

_POSITION, _EVENT_ID, _KIND, _SCHEMA_VERSION, _DATA = 0, 4, 5, 6, 7


class RowDecoder(Protocol):
    """What a reader of the log makes of its rows."""

    def decode(self, row: StoredRow) -> Sequence[Recorded[Any]]:
        """The events of one stored row; none when it is passed over."""
        ...


@frozen
class _Target:
    """An event class and how to read it."""

    cls: type[Any]
    version: int
    read: Callable[[str | bytes], Any]
    structure: Callable[[Any], Any]


class Decoder:
    """Reads the events of a union; made once, used by all threads.

    An older version without an upcaster is read as it is: the class's defaults fill what is
    missing, and what does not fit is a `DecodeError`. A newer one is `EventAhead`. Raises
    `DefinitionError` for a class that cannot be read, or whose upcasters leave a gap.
    """

    def __init__(
        self, codec: Codec, classes: Sequence[type[Any]], upcasters: Upcasters | None = None
    ) -> None:
        self._codec = codec
        self._upcasters = upcasters or Upcasters()
        for declared in map(event_type, classes):
            self._upcasters.check(declared.kind, declared.version)
        self._targets = {event_type(cls).kind: _target(codec, cls) for cls in classes}
        #: Kinds without any upcaster: straight from text to object.
        self._straight = {
            kind: (target.read, target.version)
            for kind, target in self._targets.items()
            if kind not in self._upcasters.kinds
        }
        #: Stored kinds to ask the database for.
        self.kinds: frozenset[str] = self._upcasters.sources(self._targets)

    def decode(self, row: StoredRow) -> Sequence[Recorded[Any]]:
        """The events of one stored row: mostly one, none when nobody asked for its kind.

        Parts of a split event are numbered before those of other kinds are left out. Raises
        `DecodeError` when the data does not fit its class, `EventAhead` when it may not.
        """
        straight = self._straight.get(row[_KIND])
        if straight is None:
            return self._decode_other(row)
        read, version = straight
        if row[_SCHEMA_VERSION] != version:
            _refuse_ahead(row, version)
        try:
            return (Recorded(read(row[_DATA]), row),)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - all that can be wrong with stored data
            problem = self._explained(row)
        # not chained: the text of the cause may hold the payload
        raise _error(row, *problem)

    def _decode_other(self, row: StoredRow) -> Sequence[Recorded[Any]]:
        if row[_KIND] not in self.kinds:
            return ()
        if row[_KIND] in self._targets:  # a kind of another name is one of the past
            _refuse_ahead(row, self._targets[row[_KIND]].version)
        try:
            data = self._codec.parse(row[_DATA])
        except Exception:  # noqa: BLE001 - as above
            raise _error(row, "it", "is not valid JSON") from None
        try:
            parts = self._upcasters.apply(row[_KIND], row[_SCHEMA_VERSION], data)
        except UpcastFailed as error:
            raise _error(row, "it", str(error)) from None
        wanted = [(n, part) for n, part in enumerate(parts) if part.kind in self._targets]
        return [Recorded(self._structured(row, part), row, n) for n, part in wanted]

    def _structured(self, row: StoredRow, part: Part) -> Any:
        target = self._targets[part.kind]
        try:
            return target.structure(part.data)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - as above
            problem = self._codec.explain(target.cls, part.data)
        raise _error(row, *problem)

    def _explained(self, row: StoredRow) -> tuple[str, str]:
        try:
            data = self._codec.parse(row[_DATA])
        except Exception:  # noqa: BLE001 - as above
            return "it", "is not valid JSON"
        return self._codec.explain(self._targets[row[_KIND]].cls, data)


def _target(codec: Codec, cls: type[Any]) -> _Target:
    return _Target(cls, event_type(cls).version, codec.reader(cls), codec.structurer(cls))


def _refuse_ahead(row: StoredRow, known: int) -> None:
    version: object = row[_SCHEMA_VERSION]  # somebody may have made something else of it
    if not isinstance(version, int) or version <= known:
        return
    raise EventAhead(
        kind=row[_KIND],
        schema_version=version,
        path="it",
        problem="was stored by a newer program",
        event_id=known_id(row[_EVENT_ID]),
        position=row[_POSITION],
        known=known,
    )


def _error(row: StoredRow, path: str, problem: str) -> DecodeError:
    return DecodeError(
        kind=row[_KIND],
        schema_version=row[_SCHEMA_VERSION],
        path=path,
        problem=problem,
        event_id=known_id(row[_EVENT_ID]),
        position=row[_POSITION],
    )
