"""Exporting the event log as JSON Lines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any, Final

from attrs import frozen

from sourcery.log import Query
from sourcery.reading import read_events
from sourcery.recorded import Recorded, StoredRow
from sourcery.selection import Selection, check_call, check_categories, check_position
from sourcery.store import EventStore
from sourcery.upkeep import lines

#: Events between two reports.
_BETWEEN: Final = 1000


@frozen(kw_only=True)
class Exported:
    """What was written."""

    events: int
    #: Everything up to here that was asked for is in it; a later export goes on after it.
    to: int


class _Unread:
    """Gives rows with their envelope alone."""

    def decode(self, row: StoredRow) -> Sequence[Recorded[Any]]:
        return (Recorded(None, row),)


def export_events(
    store: EventStore,
    file: IO[bytes],
    *,
    categories: Iterable[str] = (),
    after: int = 0,
    to: int | None = None,
    on_written: Callable[[int], object] | None = None,
) -> Exported:
    """Write the settled events after a position, up to another or to the end, as JSON Lines.

    Envelopes and payloads as they are stored, in order of position, with a checksum at the end.
    Only events: checkpoints, messages, snapshots and inbox are of this store. What is appended
    meanwhile is not in it. `on_written` is called each 1,000 events with their number.
    """
    check_call("on_written", on_written)
    check_position("after", after)
    settled = store.settled()
    upto = settled if to is None else min(check_position("to", to), settled)
    query = Query(categories=check_categories(None, categories))
    header = {lines.MARK: lines.FORMAT, "store_id": store.database.identity.store_id}
    writing = _Writing(file)
    writing.put(lines.whole(header | {"after": after, "to": upto}))
    count = 0
    chosen = Selection(query=query, above=after, upto=upto)
    for recorded in read_events(store.database, _Unread(), chosen):
        writing.put(lines.written(recorded))
        count += 1
        if on_written is not None and count % _BETWEEN == 0:
            on_written(count)
    file.write(lines.whole({"events": count, "sha256": writing.digest.hexdigest()}))
    return Exported(events=count, to=upto)


class _Writing:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def put(self, line: bytes) -> None:
        self._file.write(line)
        self.digest.update(line)
