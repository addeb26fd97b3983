"""Reading the log as a stream of events: page by page, never past the settled position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from sourcery.codec import Decoder
from sourcery.database import Database
from sourcery.dialects import Frontier, IncarnationChanged
from sourcery.errors import StoreRewound
from sourcery.log import PAGE, Query, page
from sourcery.recorded import Recorded
from sourcery.selection import Selection

_POSITION, _EVENT_ID = 0, 4


def read_events(
    database: Database, decoder: Decoder, selection: Selection
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


def _rows(database: Database, selection: Selection) -> Iterator[Any]:
    settles = selection.query.stream is None and not selection.unsettled
    frontier = database.frontier() if settles else None
    last = None
    size = min(PAGE, selection.limit or PAGE)
    while True:
        try:
            rows = _one_page(database, selection, size, frontier)
        except IncarnationChanged:
            frontier = _frontier_after(database, last)
            continue
        yield from rows
        if len(rows) < size:
            return
        last = rows[-1]
        selection = selection.beyond(last[selection.query.key])


def _one_page(
    database: Database, selection: Selection, size: int, frontier: Frontier | None
) -> Sequence[Any]:
    upto = selection.upto if frontier is None else min(selection.upto, frontier.settled)
    with database.reading() as connection:
        return page(
            connection,
            database.dialect,
            selection.query,
            above=selection.above,
            upto=upto,
            limit=size,
            frontier=frontier,
        )


def _frontier_after(database: Database, last: Any) -> Frontier:
    """A frontier of the server that answers now, if its history still holds the last event."""
    database.restart()
    if last is not None:
        with database.reading() as connection:
            if not _holds(connection, database, last):
                problem = f"event {last[_EVENT_ID]} is no longer at position {last[_POSITION]}"
                raise StoreRewound(problem)
    return database.frontier()


def _holds(connection: Connection, database: Database, row: Any) -> bool:
    position = row[_POSITION]
    found = page(connection, database.dialect, Query(), above=position - 1, upto=position, limit=1)
    return bool(found) and found[0][_EVENT_ID] == row[_EVENT_ID]
