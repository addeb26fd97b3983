"""Two versions at one position, and a view of the database at that moment."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from math import inf

from attrs import define, frozen
from sqlalchemy import Connection

from sourcery.consumers import ConsumerRow, Letter, rows_of
from sourcery.consumers.letters import letters_between
from sourcery.control.holding import LONGEST_HOLD, furthest, hold, let_go, stand_at
from sourcery.control.looking import poll, rows_now, with_locked_rows
from sourcery.errors import ConsumerNotFound, NotComparable, WaitTimeout
from sourcery.read_models.version import Version


@frozen
class Meeting:
    """Where both stand, and a connection on which everything stays as it was then."""

    position: int
    connection: Connection


@contextmanager
def meeting(versions: Sequence[Version]) -> Generator[Meeting]:
    """Hold all at one position until the view is taken, at most 30 seconds; then they go on.

    What nobody runs is first brought to the end of the log, as a build is, while nobody is held.
    The view lasts as long as the block. Raises `NotComparable` when they cannot meet, or dead
    letters up to there are open, `ConsumerFailed` when one that nobody runs fails here.
    """
    database = versions[0].store.database
    _bring_near(versions)
    deadline = time.monotonic() + LONGEST_HOLD
    gathering = _Gathering(versions, database.frontier().settled)
    try:
        while True:
            position = poll(database, deadline - time.monotonic(), gathering.look)
            if position is None:
                raise gathering.too_late()
            with database.snapshot() as connection:
                if gathering.is_view_of(connection, position):
                    gathering.let_go()
                    yield Meeting(position, connection)
                    return
    finally:
        gathering.let_go()


def _bring_near(versions: Sequence[Version]) -> None:
    """Time and again, since one falls behind while another is brought to the end of the log."""
    took, before = _drain(versions), inf
    while LONGEST_HOLD / 4 < took < before:
        took, before = _drain(versions), took


def _drain(versions: Sequence[Version]) -> float:
    """Those that nobody runs; how many seconds it took."""
    began = time.monotonic()
    for version in versions:
        if not any(row.is_owned for row in _rows(version)):
            version.subscriber.drain()
    return time.monotonic() - began


@define
class _Gathering:
    versions: Sequence[Version]
    #: Not before this position, or two that are behind would agree on what is old.
    least: int
    held: int | None = None

    def look(self, left: float) -> int | None:
        """The position, once all are held there and stand there."""
        found = {version: _rows(version) for version in self.versions}
        at = max([self.least, *[furthest(rows) for rows in found.values()]])
        if any(rows[0].hold_at != at for rows in found.values()):
            self._hold(at, left)
            return None
        if all(stand_at(at, rows) for rows in found.values()):
            return at
        for version, rows in found.items():
            if any(row.position < at and not row.is_owned for row in rows):
                version.subscriber.run_once()
        return None

    def _hold(self, at: int, left: float) -> None:
        def work(connection: Connection, rows: list[ConsumerRow]) -> bool:
            hold(connection, rows, at)
            return True

        self.held = at
        for version in self.versions:
            database = version.store.database
            if with_locked_rows(database, version.consumer, work, left):
                database.committed()

    def is_view_of(self, connection: Connection, position: int) -> bool:
        """Whether they stand there in the view itself: a page in hand may have ended meanwhile.

        Raises `NotComparable` for letters up to there.
        """
        letters: list[Letter] = []
        for version in self.versions:
            rows = rows_of(connection, version.store.database.dialect, version.consumer)
            if not rows or not stand_at(position, rows):
                return False
            letters += letters_between(connection, version.consumer, 1, position)
        if letters:
            names = ", ".join(sorted({letter.consumer for letter in letters}))
            problem = (
                f"{names} gave up {len(letters)} events up to position {position}: retry() them, "
                f"or build that version again"
            )
            places = [f"{letter.consumer} at {letter.position}" for letter in letters]
            raise NotComparable(self.versions[0].name, problem, places)
        return True

    def let_go(self) -> None:
        """Let all go on."""
        if self.held is not None:
            for version in self.versions:
                let_go(version.store.database, version.consumer, self.held)
            self.held = None

    def too_late(self) -> WaitTimeout:
        """They did not come together in time."""
        positions = [row.position for v in self.versions for row in _rows(v)]
        names = " and ".join(version.consumer for version in self.versions)
        settled = self.versions[0].store.settled()
        return WaitTimeout(f"one of {names}", LONGEST_HOLD, max(positions), min(positions), settled)


def _rows(version: Version) -> list[ConsumerRow]:
    try:
        rows = rows_now(version.store.database, version.consumer)
    except ConsumerNotFound:
        problem = f"{version.consumer} was never built: build() it first"
        raise NotComparable(version.name, problem) from None
    for row in rows:
        if row.status.halted:
            stands = f"{version.consumer} is {row.status.value} at position {row.position}"
            raise NotComparable(version.name, f"{stands}: resume it first")
    return rows
