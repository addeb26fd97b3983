"""Reading the log as a stream of events: page by page, never past the settled position."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import evolve, frozen
from sqlalchemy import Connection

from sourcery.codec import Decoder
from sourcery.database import Database
from sourcery.dialects import Frontier, IncarnationChanged
from sourcery.errors import InvalidArgument, StoreRewound
from sourcery.log import Query, page
from sourcery.recorded import Recorded
from sourcery.stream import CATEGORY_LENGTH, Stream, check_name

#: Rows per page.
PAGE: Final = 500
#: Above every version and position.
END: Final = 2**63 - 1

_POSITION, _VERSION, _EVENT_ID = 0, 3, 4


def _check_until(until: object) -> None:
    if until is None:
        return
    if not isinstance(until, datetime):
        raise InvalidArgument("until", f"must be a datetime, not {type(until).__name__}")
    if until.utcoffset() is None:
        raise InvalidArgument("until", "is a naive datetime: give it a time zone")


def _whole_number(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= END:
        raise InvalidArgument(name, f"must be a whole number from {least} to 2**63 - 1")


def check_stream(stream: object) -> None:
    """Raise `InvalidArgument` for what is no `Stream`, such as its name as text."""
    if not isinstance(stream, Stream):
        problem = f"must be a Stream(category, id), not {type(stream).__name__}"
        raise InvalidArgument("stream", problem)


def check_categories(stream: Stream | None, categories: Iterable[str]) -> tuple[str, ...]:
    """Give valid categories back; none may be named beside a stream, which has its own."""
    if isinstance(categories, str):
        raise InvalidArgument("categories", f"takes several: write [{categories!a}]")
    names = tuple(check_name("category", name, CATEGORY_LENGTH) for name in categories)
    if stream is not None and names:
        raise InvalidArgument("categories", f"{stream} is of one category already")
    return names


def bounds(
    stream: Stream | None, after: int, to: int | None, from_version: int, to_version: int | None
) -> tuple[int, int]:
    """Exclusive lower and inclusive upper bound: versions of a stream, positions of the log."""
    if stream is not None:
        check_stream(stream)
    if stream is None and (from_version, to_version) != (1, None):
        raise InvalidArgument("from_version", "versions bound one stream: name it, or use after=")
    if stream is not None and (after, to) != (0, None):
        raise InvalidArgument("after", "positions bound the log: for a stream use from_version=")
    _whole_number("after", after, 0)
    _whole_number("from_version", from_version, 1)
    upper = to if stream is None else to_version
    if upper is not None:
        _whole_number("to" if stream is None else "to_version", upper, 0)
    lower = after if stream is None else from_version - 1
    return lower, END if upper is None else upper


@frozen(kw_only=True)
class Selection:
    """A query and its bounds: `above < key <= upto`, at most `limit` events."""

    query: Query
    above: int = 0
    upto: int = END
    limit: int | None = None
    #: Read everything committed, even where earlier positions may still appear.
    unsettled: bool = False

    def __attrs_post_init__(self) -> None:
        _check_until(self.query.until)
        if self.limit is not None:
            _whole_number("limit", self.limit, 0)

    def beyond(self, key: int) -> Selection:
        """What is left after the event at `key`."""
        return evolve(self, upto=key - 1) if self.query.backward else evolve(self, above=key)


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


def stream_rows(
    connection: Connection, database: Database, stream: Stream, after: int = 0
) -> Iterator[Any]:
    """Rows of one stream above a version, through a connection inside a transaction."""
    query = Query(stream=stream)
    while True:
        rows = page(connection, database.dialect, query, above=after, upto=END, limit=PAGE)
        yield from rows
        if len(rows) < PAGE:
            return
        after = rows[-1][_VERSION]
