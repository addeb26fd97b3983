"""The base dialect: correct on any database with row locks.

One row of `sourcery_positions` is raised by every append and stays locked until the
transaction ends. So position order is commit order, and the settled position is the row's
committed value. A subclass overrides a method only to be faster or to ask a database in
its own words, and must pass the same conformance suite.

Every method takes a connection, executes and never commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Final
from typing import cast as cast_to
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Insert, Select, Table, cast, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.types import Text

from sourcery import schema
from sourcery.columns import in_utc, moment_of
from sourcery.dialects import counter
from sourcery.dialects.batch import Batch, ImportedEvent, Written
from sourcery.dialects.connections import Connections
from sourcery.dialects.floors import OldestFloor
from sourcery.dialects.frontier import Frontier
from sourcery.dialects.notices import Notices
from sourcery.dialects.statements import Statement
from sourcery.errors import PrivilegeMissing, StoreRewound
from sourcery.recorded import COLUMNS
from sourcery.stream import Stream

#: Of drivers that tell SQL's own code: serialization failure, and PostgreSQL's deadlock.
_RESTART: Final = frozenset({"40001", "40P01"})


class Dialect(Connections):
    """What differs per database; this class is the one that works on all."""

    #: How a process wakes those that wait in others; None where they only look now and then.
    notices: ClassVar[type[Notices] | None] = None

    #: Whether `import_rows` sends rows while further ones are made.
    streams_rows: ClassVar[bool] = False

    def resolve(self, connection: Connection) -> Dialect:
        """The dialect for the server that really answers; called once at start."""
        return self

    def clock_floor(self, moment: datetime) -> datetime:
        """The earliest time that the database's clock may have shown at a moment."""
        return moment

    def oldest_floor(self, connection: Connection) -> OldestFloor | None:
        """Who holds back the settled position longest; None where nobody can, or does."""
        return None

    # -- appending ---------------------------------------------------------------------

    def append(self, connection: Connection, batch: Batch) -> Written | None:
        """Write a batch; None when an expectation does not hold.

        After None the caller must undo to before the call: rows may be half written.
        """
        first, now = self.draw(connection, batch.size)
        placed = batch.placed(self.heads(connection, [s.stream for s in batch.streams]))
        if placed is None:
            return None
        moment = now if batch.moment is None else self.moment_value(batch.moment)
        return counter.insert_rows(connection, batch, placed, first, moment, self.id_value)

    def take(
        self, connection: Connection, count: int, streams: Iterable[Stream]
    ) -> tuple[Sequence[int], dict[Stream, int]]:
        """Take `count` positions for rows to import, and the versions that the streams have.

        Positions grow, and are above those of every event that the versions count.
        """
        first, _ = self.draw(connection, count)
        return range(first, first + count), self.heads(connection, streams)

    def import_rows(
        self,
        connection: Connection,
        positions: Sequence[int],
        events: Iterable[ImportedEvent],
        now: datetime | None,
    ) -> None:
        """Insert events at positions that were taken; one whose place is taken is an error.

        `now` is the time of those that have none of their own; None where all have.
        """
        events = list(events)
        moments = [self.moment_value(e.recorded_at or cast_to(datetime, now)) for e in events]
        counter.import_rows(connection, positions, events, moments, self.id_value)

    def draw(self, connection: Connection, count: int) -> tuple[int, Any]:
        """Lock the counter row and take `count` positions; the first of them, and the time."""
        counter.RAISE.run(connection, {"count": count})
        row = self._counter_and_clock.run(connection, {}).one_or_none()
        if row is None:
            raise StoreRewound("the row of sourcery_positions is gone")
        return row[0] - count + 1, row[1]

    @cached_property
    def _counter_and_clock(self) -> Statement:
        return Statement(counter.read_with(self.now_text()))

    def heads(self, connection: Connection, streams: Iterable[Stream]) -> dict[Stream, int]:
        """The committed version of each stream, and this transaction's own."""
        head = self._head
        places = {s: {"category": s.category, "stream_id": s.id} for s in streams}
        return {s: head.run(connection, place).scalar() or 0 for s, place in places.items()}

    @cached_property
    def _head(self) -> Statement:
        return Statement(self.newest(counter.HEAD_OF_STREAM))

    def newest(self, rows: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        """Make a read see the newest committed rows, however old a joined snapshot is."""
        return rows

    def id_value(self, id: UUID) -> Any:
        """An event or message id as the driver takes it."""
        return str(id)

    def moment_value(self, moment: datetime) -> Any:
        """A time as the driver takes it; UTC, microseconds."""
        return in_utc(moment).strftime("%Y-%m-%d %H:%M:%S.%f")

    def now_text(self) -> ColumnElement[str]:
        """SQL for the database's clock, as text that can be written back."""
        return cast(func.current_timestamp(), Text)

    def now_moment(self) -> ColumnElement[Any]:
        """SQL for the database's clock, as what a column of moments takes."""
        return func.current_timestamp()

    def now(self, connection: Connection) -> datetime:
        """The database's clock; UTC."""
        return moment_of(self._clock.run(connection, {}).scalar_one())

    @cached_property
    def _clock(self) -> Statement:
        return Statement(select(self.now_text()))

    def unless_there(self, table: Table, values: Mapping[str, Any]) -> Insert | None:
        """An insert that passes over a row whose key is there already.

        None where the database has no such words: the caller undoes what failed.
        """
        return None

    # -- reading -----------------------------------------------------------------------

    def frontier(self, connection: Connection) -> Frontier:
        """The settled position, read before the transaction of the page begins."""
        return Frontier(self.last_drawn(connection))

    def last_drawn(self, connection: Connection) -> int:
        """The last position given out, settled or not; what is above it was nobody's yet.

        The settled position may be seen to fall below one that was read already. This falls
        only when history was lost.
        """
        last = counter.LAST.run(connection, {}).scalar()
        if last is None:
            raise StoreRewound("the row of sourcery_positions is gone")
        return int(last)

    def columns(
        self, table: Table = schema.events, names: Sequence[str] = COLUMNS
    ) -> Sequence[ColumnElement[Any]]:
        """What is selected of a row of a log, in this order; JSON as text, times as they come."""
        return [table.c[name] for name in names]

    def fenced(self, page: Select[Any], *, backward: bool) -> Select[Any]:
        """The page's statement, with whatever `rows` needs to trust its frontier."""
        return page

    def rows(
        self, connection: Connection, page: Statement, values: dict[str, Any], frontier: Frontier
    ) -> Sequence[Any]:
        """Rows of a fenced page. Raises `IncarnationChanged` when the frontier is void."""
        return page.run(connection, values).all()

    # -- safety ------------------------------------------------------------------------

    def check(self, connection: Connection) -> None:
        """Raise a typed error when the database cannot keep the ordering rule."""
        known = self.greatest_known(connection)
        last = counter.LAST.run(connection, {}).scalar()  # second: writers go on meanwhile
        if last is None or last < known:
            raise StoreRewound(f"the counter stands at {last}, but position {known} was given out")

    def repair(self, connection: Connection) -> None:
        """Raise the source of positions above every stored one and every checkpoint."""
        counter.REPAIR.run(connection, {"least": self.greatest_known(connection)})

    def greatest_position(self, connection: Connection) -> int:
        """The greatest position stored in either log, 0 when there is none."""
        return int(counter.GREATEST.run(connection, {}).scalar() or 0)

    def greatest_known(self, connection: Connection) -> int:
        """The same, or the furthest checkpoint: what comes below one is never delivered."""
        return int(counter.GREATEST_KNOWN.run(connection, {}).scalar() or 0)

    def restarts(self, error: DBAPIError) -> bool:
        """Whether the database asks to run the whole transaction again."""
        return getattr(error.orig, "sqlstate", None) in _RESTART

    def refuses_login(self, error: DBAPIError) -> bool:
        """Whether an error of connecting says that connecting again is of no use."""
        return False

    def out_of_reach(self, error: DBAPIError) -> str | None:
        """What to do about an error of connecting, where it is not the same for every server."""
        return None

    def missing_privilege(self, error: DBAPIError) -> PrivilegeMissing | None:
        """What the error says that the user lacks on a table of ours; None if it is another."""
        return None

    def took_position(self, error: DBAPIError) -> bool:
        """Whether the error says that a drawn position was taken already."""
        broken, text = isinstance(error, IntegrityError), str(error.orig)
        return broken and "position" in text and names_a_log(text)


def names_a_log(text: str) -> bool:
    """Whether it speaks of events or outbox: a position of theirs is no other row's."""
    return schema.events.name in text or schema.outbox.name in text
