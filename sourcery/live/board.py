"""What the thread of a live projection publishes, and what its readers wait for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import TIMEOUT_MAX, Condition
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar

from attrs import define, field

from sourcery.errors import ProjectionNotRunning, SlowReader, SourceryError, WaitTimeout
from sourcery.projection import Projection
from sourcery.recorded import Recorded

P = TypeVar("P", bound=Projection[Any])

#: `retrying` while the database cannot be reached; `faulted` when it failed for good.
Status: TypeAlias = Literal["stopped", "catching_up", "live", "retrying", "faulted"]


@define(eq=False)
class Board(Generic[P]):
    """The published state of one live projection. Every change is made under one lock."""

    name: str
    changed: Condition = field(factory=Condition)
    status: Status = "stopped"
    #: The state that readers are given; None until it has caught up.
    state: P | None = None
    #: Everything at or below it is folded in.
    position: int = 0
    #: How far the log could be read at the last look.
    settled: int = 0
    #: How many wait for a position now.
    waiting: int = 0
    #: Why the last look failed, while that is tried again.
    trouble: Exception | None = None
    #: Makes the error for whoever asks after the end.
    ending: Callable[[], SourceryError] | None = None
    _updates: list[Updates[P]] = field(factory=list["Updates[P]"])

    def begin(self) -> None:
        """The thread is about to start."""
        with self.changed:
            self.status = "catching_up"

    def move(
        self,
        position: int,
        settled: int,
        state: P | None = None,
        events: Sequence[Recorded[Any]] = (),
    ) -> None:
        """Publish how far it has come, and from the first time on the state there.

        `events` are what made it of the state before.
        """
        with self.changed:
            if self.ending is not None:
                return
            moved = (position, state is None) != (self.position, self.state is None)
            moved = moved or self.trouble is not None
            self.state, self.position, self.settled = state, position, settled
            self.status = "catching_up" if state is None else "live"
            self.trouble = None
            if events:
                self._updates = [reader for reader in self._updates if reader.offer(events)]
            if moved or events:
                self.changed.notify_all()

    def retry(self, error: Exception) -> None:
        """The database cannot be reached; it is tried again."""
        with self.changed:
            if self.ending is None:
                self.status, self.trouble = "retrying", error

    def end(self, status: Status, ending: Callable[[], SourceryError]) -> None:
        """Wake everybody, for good; only the first end counts."""
        with self.changed:
            if self.ending is None:
                self.status, self.ending = status, ending
                self._updates.clear()
                self.changed.notify_all()

    def current(self) -> P:
        """The state, unless there is none that goes on. Hold the lock."""
        self.check_running()
        if self.state is None:
            raise ProjectionNotRunning(self.name, "has not caught up yet: wait for start()")
        return self.state

    def check_running(self) -> None:
        """Raise why it is over, or that it has not begun. Hold the lock."""
        if self.ending is not None:
            raise self.ending()
        if self.status == "stopped":
            problem = "is not running: call start(), or use it in a with statement"
            raise ProjectionNotRunning(self.name, problem)

    def wait(self, needed: int, timeout: float | None, wake: Callable[[], None]) -> P:
        """The state, once it has caught up and everything up to a position is in it.

        Position 0 is to catch up alone.
        """
        with self.changed:
            self.check_running()
            self.waiting += 1
            try:
                wake()
                self.wait_until(lambda: self._is_at(needed), timeout)
            finally:
                self.waiting -= 1
            self.check_running()
            if not self._is_at(needed):
                raise WaitTimeout(
                    f"live projection {self.name!a}",
                    timeout or 0.0,
                    needed or self.settled,
                    self.position,
                    self.settled,
                ) from self.trouble
            return self.current()

    def _is_at(self, needed: int) -> bool:
        """Not while the database is away: another may answer, that never had this position."""
        return self.state is not None and self.trouble is None and self.position >= needed

    def wait_until(self, ready: Callable[[], bool], timeout: float | None) -> None:
        """Wait until it is ready, the end, or the time is over. Hold the lock."""
        bound = None if timeout is None else min(timeout, TIMEOUT_MAX)
        self.changed.wait_for(lambda: self.ending is not None or ready(), bound)

    def follow(self, kept: int, timeout: float | None) -> Updates[P]:
        """The state and what follows it, with nothing lost or doubled between."""
        with self.changed:
            reader = Updates(self, self.current(), kept, timeout)
            self._updates.append(reader)
        return reader

    def forget(self, reader: Updates[P]) -> None:
        """It wants nothing more. Hold the lock."""
        self._updates = [other for other in self._updates if other is not reader]


class Updates(Generic[P]):
    """A state, and an iterator of the events that were folded into it from then on.

    Applying the events to a copy of the state gives each later state. Iterating ends when the
    projection is stopped, the updates are closed, or nothing came for `timeout` seconds (a
    new loop then goes on). Raises `SlowReader` when more events wait than are kept, and
    `ProjectionFailed` after the last event when the projection failed.
    """

    def __init__(self, board: Board[P], state: P, kept: int, timeout: float | None) -> None:
        #: As it was before the first event.
        self.state: P = state
        self._board = board
        self._kept = kept
        self._timeout = timeout
        self._queue: deque[Recorded[Any]] = deque()
        self._dropped = 0
        self._closed = False

    def offer(self, events: Sequence[Recorded[Any]]) -> bool:
        """Queue events for the reader; False when there are too many. Hold the lock."""
        if len(self._queue) + len(events) > self._kept:
            self._dropped = len(self._queue) + len(events)
            self._queue.clear()
            return False
        self._queue.extend(events)
        return True

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Recorded[Any]:
        board = self._board
        with board.changed:
            board.wait_until(self._has_something, self._timeout)
            if self._dropped:
                raise SlowReader(board.name, self._dropped)
            if self._queue:
                return self._queue.popleft()
            if board.ending is not None and board.status == "faulted" and not self._closed:
                raise board.ending()
        raise StopIteration

    def _has_something(self) -> bool:
        return bool(self._queue) or bool(self._dropped) or self._closed

    def close(self) -> None:
        """End the iterator at once, in whatever thread it waits. May be called again."""
        with self._board.changed:
            self._closed = True
            self._dropped = 0
            self._queue.clear()
            self._board.forget(self)
            self._board.changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
