"""A raw subscription: the log as a plain iterator, first what is there and then what comes.

    look -> page -> hand out, event by event -> look -> nothing -> caught up -> rest -> look

One loop in one order, so there is no seam between catching up and living.
"""

from __future__ import annotations

import logging
import random
import time
from collections import deque
from collections.abc import Callable
from threading import Event, RLock
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar, cast
from weakref import finalize

from sqlalchemy.exc import TimeoutError as PoolTimeout

from sourcery.codec import RowDecoder
from sourcery.database import Database
from sourcery.errors import DecodeError, InvalidArgument, Retryable, StandbyRefused
from sourcery.following import Follower, Page
from sourcery.log import PAGE, Query, is_lost
from sourcery.recorded import Recorded, StoredRow
from sourcery.selection import check_call, check_stop
from sourcery.start import Start
from sourcery.starting import resolve_start
from sourcery.waiting import Waiting

logger: logging.Logger = logging.getLogger("sourcery.subscription")

E = TypeVar("E", covariant=True)

#: Seconds between two attempts to reach the database: the first, and the longest.
_BACKOFF: Final = (0.05, 5.0)


class Subscription(Generic[E]):
    """Recorded events in position order, without end unless a timeout or a stop ends it.

    For one thread at a time; in a second one it raises `InvalidArgument`. Iterating again
    after the end goes on from there, and so does iterating after an error: an event that
    cannot be read is raised as `DecodeError` each time, never passed over. A lost
    connection is made again, with growing waits; the error is raised only when the timeout
    is over meanwhile. Raises `StoreRewound` when the history that was handed out is no
    longer there, and `StoreClosed`.
    """

    def __init__(
        self,
        database: Database,
        decoder: RowDecoder,
        query: Query,
        after: Start,
        *,
        timeout: float | None = None,
        stop: Event | None = None,
        on_caught_up: Callable[[], object] | None = None,
    ) -> None:
        _check_timeout(timeout)
        check_stop(stop)
        check_call("on_caught_up", on_caught_up)
        self._database = database
        self._decoder = decoder
        self._timeout = timeout
        self._stop = stop
        self._on_caught_up = on_caught_up
        self._follower = Follower(database, query, resolve_start(database, after), size=PAGE)
        self._follower.anchor()
        #: End of the page in hand, its rows that are left, and what the first of them holds.
        self._page: Page | None = None
        self._rows: deque[StoredRow] = deque()
        self._parts: deque[Recorded[Any]] = deque()
        self._waiting: Waiting | None = None
        #: Called at the latest when nobody holds the subscription any more.
        self._close_waiting: Callable[[], object] | None = None
        #: Looks that failed in a row, and how the last of them did.
        self._failures = 0
        self._failure: Exception | None = None
        self._closed = False
        #: Held by the thread that asks for the next event.
        self._iterating = RLock()
        #: Whether everything settled was handed out once.
        self.caught_up: bool = False

    @property
    def position(self) -> int:
        """Where a later subscription goes on (`after=`): all up to here was handed out, or did
        not match. Keep it in the store's own database: a crash may take numbers back that
        were drawn and never used.
        """
        return self._follower.position

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Recorded[E]:
        if not self._iterating.acquire(blocking=False):
            problem = "is iterated by another thread: make one for each"
            raise InvalidArgument("subscription", problem)
        try:
            return self._next()
        finally:
            self._iterating.release()

    def _next(self) -> Recorded[E]:
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        while not self._is_over():
            if self._parts:
                return self._hand_out()
            if self._rows:
                self._decode()
            elif not self._look() and not self._rest(deadline):
                break
        raise StopIteration

    def _is_over(self) -> bool:
        over = self._closed or (self._stop is not None and self._stop.is_set())
        if over:
            self._let_go()
        return over

    # -- a page ------------------------------------------------------------------------

    def _hand_out(self) -> Recorded[Any]:
        """The next event; with its last part the row is done."""
        part = self._parts.popleft()
        if not self._parts:
            self._done(self._rows.popleft())
        return part

    def _decode(self) -> None:
        """What the first row holds. One that cannot be read is read anew by the next look."""
        try:
            self._parts.extend(self._decoder.decode(self._rows[0]))
        except DecodeError:
            self._page = None
            self._rows.clear()
            raise
        if not self._parts:
            self._done(self._rows.popleft())

    def _done(self, row: StoredRow) -> None:
        self._follower.advance(row[0], row)

    def _look(self) -> bool:
        """Take the next page in hand; whether there is a reason to go on at once."""
        self._finish()
        if self._waiting is not None:
            self._waiting.mark()
        try:
            page = self._follower.look()
        except Exception as error:
            if not self._outlives(error):
                raise
            return self._failures == 1  # the next connection may well be alive
        self._failures, self._failure = 0, None
        self._page = page
        self._rows.extend(page.rows)
        if not self._rows:
            self._finish()
        elif self._waiting is not None:
            self._waiting.busy()
        return bool(self._rows)

    def _finish(self) -> None:
        """The page is done: move over what did not match, and say once that this is the end."""
        page, self._page = self._page, None
        if page is None:
            return
        self._follower.advance(page.upto)
        if not page.full and not self.caught_up:
            self.caught_up = True
            if self._on_caught_up is not None:
                self._on_caught_up()

    # -- nothing there -----------------------------------------------------------------

    def _outlives(self, error: Exception) -> bool:
        """Whether looking again may help: the database could not be reached, or was busy."""
        lost = is_lost(error) or isinstance(error, StandbyRefused)
        if lost:
            self._follower.distrust()
        elif not isinstance(error, Retryable | PoolTimeout):
            return False
        self._failures += 1
        self._failure = error
        if self._failures == 1:
            name = type(getattr(error, "orig", error)).__name__
            text, facts = (
                "a subscription cannot reach its database (%s): it tries again",
                {"error_class": name},
            )
            logger.warning(text, name, extra=facts)
        return True

    def _rest(self, deadline: float | None) -> bool:
        """Wait for a reason to look again; False when the time for it is over.

        Raises what keeps us from looking, because nobody knows whether there are events.
        """
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            if self._failure is not None:
                raise self._failure
            return False
        waiting = self._awake()
        if self._failures:
            waiting.sleep(self._backoff() if left is None else min(left, self._backoff()))
        else:
            waiting.rest(left)
        return True

    def _backoff(self) -> float:
        first, longest = _BACKOFF
        seconds = first * 2.0 ** min(self._failures, 16)
        return min(seconds, longest) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter

    def _awake(self) -> Waiting:
        """What sleeps for us; a new one after a stop that was taken back."""
        if self._waiting is None or self._waiting.stopped:
            self._let_go()
            self._waiting = self._database.waiting(self._stop)
            self._close_waiting = finalize(self, self._waiting.close)
        return self._waiting

    def _let_go(self) -> None:
        self._waiting = None
        if self._close_waiting is not None:
            self._close_waiting()

    def close(self) -> None:
        """End the iteration and let go of what it waits with. May be called again."""
        self._closed = True
        self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _check_timeout(timeout: object) -> None:
    if timeout is None:
        return
    number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if not number or not cast(float, timeout) >= 0:
        raise InvalidArgument("timeout", "must be seconds, 0 or more, or None for no end")
