"""Following a log behind its frontier: where a reader stands, and its next page.

Nothing here waits, and no transaction stays open. A frontier is worth nothing on another
run of the server: then the server is checked again, and what a reader remembers as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import frozen

from sourcery.database import Database
from sourcery.dialects import Frontier, IncarnationChanged
from sourcery.errors import StoreRewound
from sourcery.log import PAGE, LogQuery, Query, page
from sourcery.recorded import StoredRow
from sourcery.selection import END

_POSITION, _EVENT_ID = 0, 4
_ANY: Final = Query()
_NEWEST: Final = Query(backward=True)


@frozen
class Page:
    """Rows of a query that follow a position, in order."""

    #: Columns as the query selects them: of events `recorded.COLUMNS`.
    rows: Sequence[StoredRow]
    #: Where a checkpoint may go when all rows are done: past rows that did not match, and holes.
    upto: int
    #: Whether there may be more at once.
    full: bool


class Fence:
    """The frontier of one reader, and the last row it was given as proof of the history."""

    def __init__(
        self, database: Database, query: LogQuery, frontier: Callable[[], Frontier] | None = None
    ) -> None:
        self._database = database
        self._query = query
        self._read = frontier or database.frontier
        self._frontier: Frontier | None = None
        self._void = False
        #: Settled position of the last frontier; 0 when it must be read first.
        self.settled: int = 0
        #: Must still be in its place when another run of the server answers.
        self.last: StoredRow | None = None

    def distrust(self) -> None:
        """Check at the next look who answers: the connection was lost."""
        self._void = True
        self.settled = 0

    def renew(self) -> bool:
        """Read the frontier; whether another run of the server answers than before.

        Raises `StoreRewound` when that one's history is another.
        """
        if not self._void:
            found = self._read()
            if self._frontier is None or self._frontier.incarnation == found.incarnation:
                self._keep(found)
                return False
        self._keep(self._checked())
        return True

    def _keep(self, frontier: Frontier) -> None:
        self._frontier, self.settled = frontier, frontier.settled

    def _checked(self) -> Frontier:
        """A frontier of the server that answers now, whose history holds the last row."""
        while True:
            self.distrust()
            self._database.restart()
            found = self._database.frontier()
            try:
                self._check_last(found)
            except IncarnationChanged:
                continue
            self._void = False
            return found

    def _check_last(self, frontier: Frontier) -> None:
        if self.last is None:
            return
        position, event_id = self.last[_POSITION], self.last[_EVENT_ID]
        found = self._rows(_ANY, frontier, position - 1, position, 1)
        if not found or found[0][_EVENT_ID] != event_id:
            raise StoreRewound(f"event {event_id} is no longer at position {position}")

    def rows(self, above: int, upto: int, limit: int) -> Sequence[StoredRow]:
        """Rows of the query, settled ones alone. Renew the fence first.

        Raises `IncarnationChanged` when the frontier is void: renew the fence, and try again.
        """
        assert self._frontier is not None
        try:
            return self._rows(self._query, self._frontier, above, min(upto, self.settled), limit)
        except IncarnationChanged:
            self.distrust()
            raise

    def newest(self, upto: int) -> StoredRow | None:
        """The last row at or below a settled position, of whatever kind."""
        assert self._frontier is not None
        found = self._rows(_NEWEST, self._frontier, 0, upto, 1)
        return found[0] if found else None

    def _rows(
        self, query: LogQuery, frontier: Frontier, above: int, upto: int, limit: int
    ) -> Sequence[Any]:
        database = self._database
        with database.reading() as connection:
            return page(
                connection,
                database.dialect,
                query,
                above=above,
                upto=upto,
                limit=limit,
                frontier=frontier,
            )


class Follower:
    """Where one reader of the log stands, and its pages behind the frontier.

    On another run of the server the numbers above may be handed out again. So it goes back
    to the last row it was given; with `durable` to the position that was stored last, which
    is in the same database and survived with it.
    """

    def __init__(
        self,
        database: Database,
        query: LogQuery,
        after: int,
        *,
        size: int = PAGE,
        durable: bool = False,
        frontier: Callable[[], Frontier] | None = None,
    ) -> None:
        """`frontier` reads it, where several followers share one that is not too old."""
        self._fence = Fence(database, query, frontier)
        self._size = size
        self._durable = durable
        #: Exclusive start of the next page.
        self.position: int = after
        #: Where to go back to.
        self._kept = after
        #: Whether the frontier is kept: it was not reached yet.
        self._keep = True

    @property
    def settled(self) -> int:
        """The settled position by the last frontier, 0 before the first one."""
        return self._fence.settled

    def look(self, *, limit: int | None = None, upto: int | None = None) -> Page:
        """The page that follows, of at most `limit` rows, not beyond `upto`; does not move.

        Raises `StoreRewound` when another history answers than the one that was read.
        """
        size = self._size if limit is None else min(self._size, limit)
        while True:
            try:
                return self._look(size, END if upto is None else upto)
            except IncarnationChanged:
                continue

    def _look(self, size: int, bound: int) -> Page:
        is_kept = self._keep and self.position < self._fence.settled
        if not is_kept:
            self._renew()
        upto = min(bound, self._fence.settled)
        rows = self._rows(upto, size)
        self._keep = full = len(rows) == size
        if is_kept and not rows:  # more may have settled since that frontier was read
            return self._look(size, bound)
        return Page(rows, rows[-1][_POSITION] if full else max(self.position, upto), full)

    def _renew(self) -> None:
        if self._fence.renew():
            self.position = self._kept

    def _rows(self, upto: int, size: int) -> Sequence[StoredRow]:
        return self._fence.rows(self.position, upto, size) if upto > self.position else ()

    def advance(self, to: int, last: StoredRow | None = None, *, stored: bool = True) -> None:
        """Move on, never back; `last` is the row that was just given away.

        With `stored=False` a durable position was not written yet.
        """
        self.position = max(self.position, to)
        if self._durable and stored:
            self._kept = self.position
        elif last is not None and not self._durable:
            self._kept = last[_POSITION]
            self._fence.last = last

    def anchor(self) -> None:
        """Hold on to what is stored by now, for a position that nobody was given a row of.

        Numbers between that and the position may be handed out again after a crash.
        """
        self._renew()
        if 0 < self.position <= self.settled:
            self._fence.last = self._fence.newest(self.position)
            self._kept = self._fence.last[_POSITION] if self._fence.last else 0

    def distrust(self) -> None:
        """Check at the next look who answers: the connection was lost."""
        self._fence.distrust()
