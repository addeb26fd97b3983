"""One shard in its owner's memory: where it stands, what it read ahead, what it waits for."""

from __future__ import annotations

import time
from collections import deque
from datetime import datetime
from itertools import islice
from math import inf

from attrs import define, field

from sourcery.consumers import ConsumerRow, Lease, Letter, Status
from sourcery.following import Follower, Page
from sourcery.recorded import StoredRow
from sourcery.worker.source import POSITION


@define(eq=False)
class Shard:
    """What the owner of a shard knows. Forgotten, not mended, when the lease is lost."""

    lease: Lease
    #: Number of this shard and of all.
    place: tuple[int, int]
    follower: Follower
    #: The checkpoint as it is stored.
    stored: int
    status: Status
    #: Stored attempts at the event after the checkpoint, and the error of the last.
    attempts: int = 0
    error: str | None = None
    #: That error itself, if it was raised here.
    raised: Exception | None = None
    #: Stand still at this position, when somebody holds all shards at one.
    hold_at: int | None = None
    #: Somebody waits for this position to be stored.
    awaited: int = 0
    #: Up to this position events are handled one at a time; 0 is not at all.
    single_until: int = 0
    #: Whether an attempt is stored before its event is handled: the event may kill the process.
    careful: bool = False
    #: Conflicts with other writers in a row.
    conflicts: int = 0
    #: By the monotonic clock: not to be handled before, and when the checkpoint was written.
    due: float = 0.0
    written: float = 0.0
    #: Keys whose events must queue behind letters, with the number of these letters.
    closed: dict[str, int] = field(factory=dict[str, int])
    due_letters: list[Letter] = field(factory=list[Letter])
    #: As it was when the checkpoint was moved last, which counts once that is committed.
    row: ConsumerRow | None = None
    #: Whether it has reached the end since it was claimed or rewound.
    caught_up: bool = False
    #: Events handled, for the rate.
    handled: int = 0
    _rows: deque[StoredRow] = field(factory=deque[StoredRow])
    _upto: int = 0
    _full: bool = False

    @property
    def number(self) -> int:
        """Which shard."""
        return self.place[0]

    @property
    def is_single(self) -> bool:
        """Whether the next event is handled alone."""
        return self.careful or self.attempts > 0 or self.single_until > self.follower.position

    def last_seen(self, seconds: float) -> ConsumerRow | None:
        """The row as the last page left it, if that is so long ago at the most; told once."""
        row, self.row = self.row, None
        if row is None or row.position != self.stored or row.shards > 1:
            return None
        return row if time.monotonic() < self.written + seconds else None

    def see(self, row: ConsumerRow) -> None:
        """Take over what others wrote on the row."""
        if row.hold_at != self.hold_at:
            self.forget_rows()
        self.hold_at = row.hold_at
        self.awaited = row.awaited

    def look(self, limit: int) -> Page:
        """The rows that follow; what was read ahead first."""
        if not self._rows:
            page = self.follower.look(upto=self.hold_at)
            self._rows.extend(page.rows)
            self._upto, self._full = page.upto, page.full
            if self.careful and not self.single_until:
                self.single_until = page.upto
        rows = list(islice(self._rows, limit))
        return Page(rows, self._upto, self._full or len(rows) < len(self._rows))

    @property
    def next_row(self) -> StoredRow:
        """The first row that is not done: what the stored attempts are at."""
        return self._rows[0]

    @property
    def last_position(self) -> int:
        """That of the last row which was read and is not done."""
        return int(self._rows[-1][POSITION])

    def passed(self, rows: int, *, stored: bool) -> None:
        """So many of the rows are done; without rows left, the whole page is."""
        last = self._rows[rows - 1] if rows else None
        if rows == len(self._rows):
            self._rows.clear()
        else:
            for _ in range(rows):
                self._rows.popleft()
        to = self._upto if not self._rows else last[POSITION] if last else 0
        self.follower.advance(to, last, stored=stored)
        if self.follower.position >= self.single_until:
            self.careful, self.single_until = False, 0

    def has_more(self, rows: int) -> bool:
        """Whether there is something to handle after so many rows."""
        return self._full or rows < len(self._rows)

    def position_after(self, rows: int) -> int:
        """Where the checkpoint stands when so many rows are done."""
        return self._upto if rows == len(self._rows) else int(self._rows[rows - 1][POSITION])

    def forget_rows(self) -> None:
        """Read anew: what was read ahead may not be there any more."""
        self._rows.clear()

    def open_key(self, key: str) -> None:
        """One letter of the key is gone."""
        left = self.closed.pop(key, 1) - 1
        if left > 0:
            self.closed[key] = left

    def close_key(self, key: str) -> None:
        """One more letter of the key."""
        self.closed[key] = self.closed.get(key, 0) + 1

    def add_letter(self, letter: Letter) -> None:
        """A letter of this shard was stored."""
        if letter.status.closes_key:
            self.close_key(letter.key)
        if letter.next_attempt_at is not None:
            self.due_letters.append(letter)

    def halt(self, error: str) -> None:
        """It was stored that it stands still."""
        self.status, self.error = Status.FAULTED, error

    def may_work(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.is_due() and not self.status.halted

    def is_due(self) -> bool:
        """Whether its time to try again has come."""
        return time.monotonic() >= self.due

    def due_letter(self, now: datetime) -> Letter | None:
        """The first letter whose time has come, by the database's clock."""
        return next((letter for letter in self.due_letters if _left(letter, now) <= 0), None)

    def due_in(self, now: datetime) -> float:
        """Seconds until the next row or letter may be tried again; infinite if none waits."""
        waits = [] if self.is_due() else [self.due - time.monotonic()]
        if not self.status.halted:
            waits += [left for letter in self.due_letters if (left := _left(letter, now)) > 0]
        return min(waits, default=inf)


def _left(letter: Letter, now: datetime) -> float:
    """Seconds until a letter is to be tried again."""
    return (letter.next_attempt_at - now).total_seconds() if letter.next_attempt_at else inf
