"""Loading an aggregate: from its snapshot if there is one, then its stream, page by page.

A snapshot is used only if its last event is still in its place: the page that follows begins
with that event. So a load costs one statement more than the events, and no look beside them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from attrs import define, field
from sqlalchemy import Connection

from sourcery.aggregate import Aggregate, pass_over, replay, restore, resume
from sourcery.codec import Decoder
from sourcery.dialects import Dialect
from sourcery.errors import StreamDamaged
from sourcery.log import PAGE, Query, page, translated
from sourcery.recorded import StoredRow, as_uuid
from sourcery.selection import END
from sourcery.snapshots import Keeper, Slot, Snapshot
from sourcery.stream import Stream

A = TypeVar("A", bound=Aggregate[Any])

_VERSION, _EVENT_ID = 3, 4

#: Whether a stored event belongs to the state that is asked for; the first that does not ends it.
Until: TypeAlias = Callable[[StoredRow], bool]


@define(eq=False)
class Loaded(Generic[A]):
    """An aggregate, and what it was made from."""

    aggregate: A
    #: How its class keeps snapshots; None when it does not.
    slot: Slot | None = None
    #: Version of the snapshot it began from; 0 without one.
    snapshot_version: int = 0
    #: Id of the last stored event, as the driver gives it.
    last_event_id: Any = None
    #: Seconds that it took.
    seconds: float = 0.0
    #: A stored snapshot that is of no use.
    useless: Snapshot | None = field(default=None, repr=False)


class Loading:
    """Loads aggregates over one connection."""

    def __init__(self, connection: Connection, dialect: Dialect, keeper: Keeper) -> None:
        self._connection = connection
        self._dialect = dialect
        self._keeper = keeper

    def load(
        self, cls: type[A], stream: Stream, decoder: Decoder, until: Until | None = None
    ) -> Loaded[A]:
        """The aggregate of a stream; at version 0 when there are no events.

        Events of kinds that the class no longer lists are passed over, and counted. `until` is
        for a state of the past. Raises `StreamDamaged` when a version is missing on the way.
        """
        began = time.monotonic()
        slot = self._keeper.slot(cls)
        with translated(self._dialect):
            loaded = self._begin(cls, stream, slot)
            if not self._fold(loaded, stream, decoder, until):
                useless = loaded.useless
                loaded = Loaded(restore(cls, stream.id), slot, useless=useless)
                self._fold(loaded, stream, decoder, until)
        loaded.seconds = time.monotonic() - began
        return loaded

    def _begin(self, cls: type[A], stream: Stream, slot: Slot | None) -> Loaded[A]:
        empty = restore(cls, stream.id)
        if slot is None:
            return Loaded(empty)
        usable, useless = self._keeper.find(self._connection, self._dialect, slot, stream.id)
        if usable is None:
            return Loaded(empty, slot, useless=useless)
        snapshot = usable.snapshot
        resume(usable.state, stream.id, snapshot.version)
        return Loaded(
            usable.state, slot, snapshot.version, snapshot.last_event_id, useless=snapshot
        )

    def _fold(
        self, loaded: Loaded[A], stream: Stream, decoder: Decoder, until: Until | None
    ) -> bool:
        """Fold what follows; False when it must be begun without the snapshot."""
        rows = self._rows(stream, max(loaded.snapshot_version - 1, 0), until)
        if loaded.snapshot_version and not self._is_proved(loaded, next(rows, None), until):
            return False
        for row in rows:
            if until is not None and not until(row):
                break
            for recorded in decoder.decode(row):
                replay(loaded.aggregate, recorded.event, recorded.version)
            pass_over(loaded.aggregate, row[_VERSION])
            loaded.last_event_id = row[_EVENT_ID]
        return True

    def _is_proved(self, loaded: Loaded[A], row: StoredRow | None, until: Until | None) -> bool:
        """Whether the last event of the snapshot is there, and not later than asked for."""
        snapshot = loaded.useless
        assert snapshot is not None
        in_place = row is not None and row[_VERSION] == snapshot.version
        if row is None or not in_place or as_uuid(row[_EVENT_ID]) != snapshot.last_event_id:
            problem = "has a snapshot whose last event is not in the stream"
            self._keeper.complain(snapshot.key, problem)
            return False
        loaded.useless = None
        return until is None or until(row)

    def _rows(self, stream: Stream, above: int, until: Until | None) -> Iterator[StoredRow]:
        query, last = Query(stream=stream), None
        while True:
            rows = page(self._connection, self._dialect, query, above=above, upto=END, limit=PAGE)
            if rows and rows[-1][_VERSION] != above + len(rows):
                whole = _before_gap(rows, above)
                yield from whole
                _refuse_gap(stream, above + len(whole) + 1, whole[-1] if whole else last, until)
                return
            yield from rows
            if len(rows) < PAGE:
                return
            last = rows[-1]
            above = last[_VERSION]


def _before_gap(rows: Sequence[StoredRow], above: int) -> list[StoredRow]:
    """The rows whose versions follow each other."""
    return [row for number, row in enumerate(rows, above + 1) if row[_VERSION] == number]


def _refuse_gap(stream: Stream, missing: int, last: StoredRow | None, until: Until | None) -> None:
    """Raise unless the missing event is later than asked for.

    Its position and time are not known: it may have come right after the last one.
    """
    if until is None or last is None or until((*last[:_VERSION], missing, *last[_VERSION + 1 :])):
        raise StreamDamaged(stream, missing)
