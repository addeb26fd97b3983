"""The thread of a live projection: look, fold, publish, wait; until stopped or failed."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Generic, TypeVar

from sqlalchemy.exc import TimeoutError as PoolTimeout

from sourcery.errors import ProjectionFailed, Retryable, SourceryError, StandbyRefused, StoreClosed
from sourcery.folding import Fold
from sourcery.following import Page
from sourcery.live.board import Board
from sourcery.log import is_lost
from sourcery.projection import Projection
from sourcery.recorded import StoredRow
from sourcery.waiting import Waiting

P = TypeVar("P", bound=Projection[Any])

_POSITION, _EVENT_ID, _KIND = 0, 4, 5
#: Seconds until a lost database is tried again: at first, and at most.
_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 5.0


class Loop(Generic[P]):
    """Folds the log into a state of its own, from its snapshot on, and publishes it by page."""

    def __init__(self, begin: Callable[[], Fold[P]], board: Board[P], waiting: Waiting) -> None:
        self._begin = begin
        self._fold: Fold[P] | None = None
        self._board = board
        self._waiting = waiting
        #: Settled position of the first look: from there on it has caught up.
        self._target: int | None = None
        self._failures = 0

    def run(self) -> None:
        """Work until stopped. Whatever ends it otherwise is what readers are told."""
        try:
            with self._waiting:
                while not self._waiting.stopped:
                    self._turn()
        except StoreClosed as error:
            self._board.end("stopped", partial(StoreClosed, error.database))
        except BaseException as error:  # noqa: BLE001 - nobody else would tell those who wait
            self._board.end(
                "faulted", partial(_failure, self._board.name, self._row_in_hand, error)
            )

    def _turn(self) -> None:
        self._waiting.mark()
        try:
            if self._fold is None:
                self._fold = self._begin()
            page = self._fold.follower.look()
        except Exception as error:
            if not _passes(error):
                raise
            self._back_off(error)
            return
        self._failures = 0
        self._take(self._fold, page)
        if page.rows or self._board.waiting:
            self._waiting.busy()
        if not page.full:
            self._waiting.rest()

    def _back_off(self, error: Exception) -> None:
        self._board.retry(error)
        if self._fold is not None:
            self._fold.follower.distrust()
        wait = min(_WAIT * 2.0 ** min(self._failures, 10), _LONGEST_WAIT)
        self._failures += 1
        self._waiting.sleep(wait * random.uniform(0.8, 1.2))  # noqa: S311 - jitter

    def _take(self, folding: Fold[P], page: Page) -> None:
        """Fold a page. Until it has caught up nobody holds the state, so none is copied."""
        is_live = self._board.state is not None
        applied = folding.take(page, in_place=not is_live)
        folding.offer()
        if self._target is None:
            self._target = folding.follower.settled
        is_live = is_live or not page.full or page.upto >= self._target
        shown = folding.state if is_live else None
        self._board.move(folding.position, folding.follower.settled, shown, applied)

    @property
    def _row_in_hand(self) -> StoredRow | None:
        return None if self._fold is None else self._fold.row


def _passes(error: Exception) -> bool:
    """Whether looking again may help: the database could not be reached, or was busy."""
    return is_lost(error) or isinstance(error, Retryable | StandbyRefused | PoolTimeout)


def _failure(name: str, row: StoredRow | None, error: BaseException) -> ProjectionFailed:
    """A new error for each who asks. What the user's own exception says may be a payload."""
    position = None if row is None else int(row[_POSITION])
    cause = type(error).__qualname__
    if isinstance(error, SourceryError):
        cause = f"{cause}: {error}"
    elif row is not None:
        cause = f"{cause} while event {row[_EVENT_ID]} of kind {row[_KIND]!a} was folded in"
    failure = ProjectionFailed(name, position, cause)
    failure.__cause__ = error
    return failure
