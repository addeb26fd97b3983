"""Reading the log as a stream of events: page by page, never past the settled position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sourcery.codec import RowDecoder
from sourcery.database import Database
from sourcery.dialects import IncarnationChanged
from sourcery.following import Fence
from sourcery.log import PAGE, page
from sourcery.recorded import Recorded, StoredRow
from sourcery.selection import Selection


def read_events(
    database: Database, decoder: RowDecoder, selection: Selection
) -> Iterator[Recorded[Any]]:
    """Yield events in order. No transaction is open while the caller holds an event."""
    if selection.limit == 0:
        return
    given = 0
    for row in _rows(database, selection):
        events = decoder.decode(row)
        yield from events
        given += bool(events)
        if selection.limit is not None and given >= selection.limit:
            return


def _rows(database: Database, selection: Selection) -> Iterator[StoredRow]:
    committed = selection.query.stream is not None or selection.unsettled
    fence = None if committed else Fence(database, selection.query)
    size = min(PAGE, selection.limit or PAGE)
    while True:
        rows = _settled(fence, selection, size) if fence else _page(database, selection, size)
        yield from rows
        if len(rows) < size:
            return
        selection = selection.beyond(rows[-1][selection.query.key])
        if fence:
            fence.last = rows[-1]


def _settled(fence: Fence, selection: Selection, size: int) -> Sequence[StoredRow]:
    """A page behind the frontier of the first page, or of a server that took over since."""
    if not fence.settled:
        fence.renew()
    while True:
        try:
            return fence.rows(selection.above, selection.upto, size)
        except IncarnationChanged:
            fence.renew()


def _page(database: Database, selection: Selection, size: int) -> Sequence[StoredRow]:
    """A page of what is committed."""
    with database.reading() as connection:
        return page(
            connection,
            database.dialect,
            selection.query,
            above=selection.above,
            upto=selection.upto,
            limit=size,
        )
