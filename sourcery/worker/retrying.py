"""Dead letters tried again by the owner of their shard, each in a unit of work of its own.

The attempt is stored first, and takes the letter off the list of due ones: a handler that
ends the process finds it parked again. When a letter leaves, the next of its key is due, and
when the last one leaves, live events of the key flow again.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from attrs import define
from sqlalchemy import Connection

from sourcery.consumers import LeaseLost, Letter, LetterGone, LetterStatus
from sourcery.consumers.letters import change, due_letters, head_of_key, remove
from sourcery.following import Follower
from sourcery.recorded import StoredRow
from sourcery.worker.failures import Failure, described, shown
from sourcery.worker.link import Unreachable, reaching
from sourcery.worker.pages import Pages
from sourcery.worker.shard import Shard

logger: logging.Logger = logging.getLogger("sourcery.worker")

_GONE = Failure("EventGone", "the event is no longer in the log")
#: Another writer was first.
_AGAIN = Failure("Again", "")


@define(eq=False)
class Retrying:
    """Handles the due letters of a consumer's shards."""

    pages: Pages

    def turn(self, shard: Shard) -> bool:
        """Try the first due letter; whether there was one."""
        if shard.status.halted or not shard.due_letters:
            return False
        try:
            letter = self._begin(shard, shard.due_letters[0])
            self._try(shard, letter)
        except LetterGone:
            self._reload(shard)
        return True

    def _begin(self, shard: Shard, letter: Letter) -> Letter:
        """Store the attempt before the handler is called."""
        begun = self._change(
            shard,
            letter,
            attempts=letter.attempts + 1,
            status=LetterStatus.PARKED,
            next_attempt_at=None,
            last_at=self.pages.checkpoints.clock.now(),
        )
        shard.due_letters.remove(letter)
        return begun

    def _try(self, shard: Shard, letter: Letter) -> None:
        row = self._event(shard, letter)
        if row is None:
            self._fail(shard, letter, _GONE)
            return
        while (failure := self._handle(shard, letter, row)) is _AGAIN:
            pass
        shard.conflicts = 0
        if failure is not None:
            self._fail(shard, letter, failure)
            return
        shard.open_key(letter.key)
        self._reload(shard)

    def _event(self, shard: Shard, letter: Letter) -> StoredRow | None:
        job = self.pages.job
        follower = Follower(job.store.database, job.source.query, letter.position - 1)
        with reaching():
            rows = follower.look(limit=1, upto=letter.position).rows
        return rows[0] if rows else None

    def _handle(self, shard: Shard, letter: Letter, row: StoredRow) -> Failure | None:
        """Call the handler as for a page of this one event; the letter leaves with it."""
        work = self.pages.work_alone(shard, row)
        try:
            self.pages.deliver(work, partial(self._leave, shard, letter))
        except (LeaseLost, LetterGone, Unreachable):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler may raise
            work.failure = error
        if work.failure is None:
            return None
        if self.pages.failing.may_run_again(work, work.failure):
            return _AGAIN
        self._log(shard, letter, row, work.failure)
        return described(work.failure)

    def _leave(self, shard: Shard, letter: Letter, connection: Connection) -> None:
        """Delete the letter and make the next of its key due."""
        checkpoints = self.pages.checkpoints
        checkpoints.hold(connection, shard)
        remove(connection, letter)
        following = head_of_key(connection, letter.consumer, letter.key)
        if following is not None:
            dialect, now = self.pages.job.dialect, checkpoints.clock.now()
            change(connection, dialect, following, next_attempt_at=now)

    def _log(self, shard: Shard, letter: Letter, row: StoredRow, error: Exception) -> None:
        said = (letter.consumer, shard.number, letter.source_id, letter.position)
        facts = dict(zip(("consumer", "shard", "position"), (*said[:2], said[3]), strict=True))
        extra = facts | {"attempts": letter.attempts} | self.pages.job.source.facts_of(row)
        text = "consumer %s shard %s: letter %s at position %s failed again"
        logger.warning(text, *said, exc_info=shown(error), extra=extra)

    def _fail(self, shard: Shard, letter: Letter, failure: Failure) -> None:
        self._change(shard, letter, error_class=failure.error_class, error=failure.text)

    def _change(self, shard: Shard, letter: Letter, **facts: Any) -> Letter:
        """Store facts of a letter in a transaction of its own."""
        checkpoints = self.pages.checkpoints
        with checkpoints.link.transaction() as connection:
            checkpoints.hold(connection, shard)
            return change(connection, self.pages.job.dialect, letter, **facts)

    def _reload(self, shard: Shard) -> None:
        with reaching(), self.pages.job.store.database.reading() as connection:
            shard.due_letters = due_letters(connection, shard.lease.name, shard.place)
