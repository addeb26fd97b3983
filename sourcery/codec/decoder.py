"""From stored rows to recorded events, for one union of event classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn
from uuid import UUID

from attrs import frozen

from sourcery.codec.protocol import Codec
from sourcery.codec.upcast import Part, Upcasters
from sourcery.errors import DecodeError
from sourcery.events import event_type
from sourcery.recorded import Recorded, StoredRow

_POSITION, _EVENT_ID, _KIND, _SCHEMA_VERSION, _DATA = 0, 4, 5, 6, 7


@frozen
class _Target:
    """An event class and how to read it."""

    cls: type[Any]
    read: Callable[[str | bytes], Any]
    structure: Callable[[Any], Any]


class Decoder:
    """Reads the events of a union; made once, used by all threads.

    A stored version without an upcaster is read as it is, be it older or newer: the class's
    defaults fill what is missing, and what does not fit is a `DecodeError`.
    """

    def __init__(
        self, codec: Codec, classes: Sequence[type[Any]], upcasters: Upcasters | None = None
    ) -> None:
        self._codec = codec
        self._upcasters = upcasters or Upcasters()
        self._targets = {
            event_type(cls).kind: _Target(cls, codec.reader(cls), codec.structurer(cls))
            for cls in classes
        }
        #: Stored kinds to ask the database for.
        self.kinds = self._upcasters.sources(self._targets)

    def decode(self, row: StoredRow) -> Sequence[Recorded[Any]]:
        """The events of one stored row: mostly one, none when nobody asked for its kind.

        Raises `DecodeError` when it does not fit its class.
        """
        kind = row[_KIND]
        if self._upcasters.concern(kind, row[_SCHEMA_VERSION]):
            return self._decode_upcast(row)
        target = self._targets.get(kind)
        if target is None:
            return ()
        try:
            return (Recorded(target.read(row[_DATA]), row),)
        except Exception as error:  # noqa: BLE001 - all that can be wrong with stored data
            self._refuse(row, target.cls, error)

    def _decode_upcast(self, row: StoredRow) -> Sequence[Recorded[Any]]:
        try:
            data = self._codec.parse(row[_DATA])
            parts = self._upcasters.apply(row[_KIND], row[_SCHEMA_VERSION], data)
        except Exception as error:
            raise _error(row, "it", f"an upcaster failed: {_in_words(error)}") from error
        wanted = [(n, part) for n, part in enumerate(parts) if part.kind in self._targets]
        return [Recorded(self._structured(row, part), row, n) for n, part in wanted]

    def _structured(self, row: StoredRow, part: Part) -> Any:
        target = self._targets[part.kind]
        try:
            return target.structure(part.data)
        except Exception as error:
            raise _error(row, *self._codec.explain(target.cls, part.data)) from error

    def _refuse(self, row: StoredRow, cls: type[Any], error: Exception) -> NoReturn:
        try:
            data = self._codec.parse(row[_DATA])
        except Exception as invalid:
            raise _error(row, "it", "is not valid JSON") from invalid
        raise _error(row, *self._codec.explain(cls, data)) from error


def _in_words(error: Exception) -> str:
    """Our own words, or the class of a stranger's error, whose text may hold values."""
    if isinstance(error, TypeError | RecursionError) and str(error).startswith(("it ", "upcast")):
        return str(error)
    return type(error).__name__


def _error(row: StoredRow, path: str, problem: str) -> DecodeError:
    stored_id = row[_EVENT_ID]
    return DecodeError(
        kind=row[_KIND],
        schema_version=row[_SCHEMA_VERSION],
        path=path,
        problem=problem,
        event_id=stored_id if isinstance(stored_id, UUID) else UUID(stored_id),
        position=row[_POSITION],
    )
