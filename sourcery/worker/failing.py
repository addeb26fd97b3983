"""What becomes of an event that cannot be handled: tried again, then given up by the policy."""

from __future__ import annotations

import logging
import random
from typing import Final

from attrs import define

from sourcery.consumers import LetterStatus, Status
from sourcery.consumers.letters import put
from sourcery.errors import DecodeError, EffectRefused, EventAhead
from sourcery.recorded import StoredRow
from sourcery.retry import WAIT, may_run_again
from sourcery.waiting import Waiting
from sourcery.worker.checkpoints import Checkpoints
from sourcery.worker.delivery import Work
from sourcery.worker.failures import Failure, described, letter_for, shown
from sourcery.worker.job import Job
from sourcery.worker.link import Unreachable
from sourcery.worker.shard import Shard
from sourcery.worker.source import POSITION

logger: logging.Logger = logging.getLogger("sourcery.worker")

#: Runs of a page that conflicts with other writers, before that counts as a failure.
_CONFLICTS: Final = 5
#: What another attempt cannot change.
_FOREVER: Final = (DecodeError, EffectRefused)
_INTERRUPTED: Final = Failure("Interrupted", "the worker ended while it handled the event")


@define(eq=False)
class Failing:
    """Failures of one consumer's handler."""

    job: Job
    checkpoints: Checkpoints
    waiting: Waiting

    def may_try(self, work: Work) -> bool:
        """Store the attempt at an event that failed before, or that may end the process.

        False when its attempts are spent: then it has been given up.
        """
        shard, row = work.shard, work.rows[0]
        if not (shard.careful or shard.attempts) or work.is_queued(row):
            return True
        if shard.attempts > self.job.settings.policy.retries:
            self._give_up(shard, row, shard.attempts, _INTERRUPTED)
            return False
        error = shard.error or str(_INTERRUPTED)
        self.checkpoints.attempt(shard, shard.attempts + 1, Status.RETRYING, error)
        work.counted = True
        return True

    def failed(self, work: Work, error: Exception) -> None:
        """A page failed and was rolled back.

        Raises `Unreachable` when the connection is lost, `EventAhead` for an older program.
        """
        shard = work.shard
        if self.may_run_again(work, error):
            shard.attempts -= work.counted  # stored again when it is run again
        elif work.tried > 1:  # replayed one by one: the good ones commit, the bad one is found
            shard.single_until = work.rows[-1][POSITION]
        else:
            self._failed_alone(work, error)

    def may_run_again(self, work: Work, error: Exception) -> bool:
        """Whether another writer was first; then it has waited a little, so run it again.

        Raises `Unreachable` when the connection is lost.
        """
        if self.checkpoints.link.is_lost:
            raise Unreachable(type(error).__name__) from error
        shard = work.shard
        if shard.conflicts >= _CONFLICTS or not may_run_again(self.job.store, work.unit, error):
            return False
        shard.conflicts += 1
        self.waiting.sleep(random.uniform(*WAIT))  # noqa: S311 - jitter
        return True

    def _failed_alone(self, work: Work, error: Exception) -> None:
        if isinstance(error, EventAhead):  # the event is good, and the program is not
            raise error
        shard, row = work.shard, work.shard.next_row
        shard.raised = error
        attempts = shard.attempts + (not work.counted)
        self._log(logging.WARNING, shard, row, attempts, f"failed, attempt {attempts}", error)
        policy, failure = self.job.settings.policy, described(error)
        if isinstance(error, _FOREVER) or attempts > policy.retries:
            self._give_up(shard, row, attempts, failure)
        else:
            wait = policy.wait_after(attempts)
            self.checkpoints.attempt(shard, attempts, Status.RETRYING, str(failure), wait)

    def _give_up(self, shard: Shard, row: StoredRow, attempts: int, failure: Failure) -> None:
        action = self.job.settings.policy.then
        self._log(logging.ERROR, shard, row, attempts, f"is given up: {action}")
        if action == "stop":
            self.checkpoints.attempt(shard, attempts, Status.FAULTED, str(failure))
        elif action == "park":
            self._pass(shard, row, LetterStatus.PARKED, attempts, failure)
        else:
            self._pass(shard, row, LetterStatus.SKIPPED, attempts, failure)

    def _pass(
        self, shard: Shard, row: StoredRow, status: LetterStatus, attempts: int, failure: Failure
    ) -> None:
        """Leave a letter and move on, in one transaction."""
        link, now = self.checkpoints.link, self.checkpoints.clock.now()
        name, source = self.job.name, self.job.source
        letter = letter_for(name, source, row, status, now, attempts=attempts, failure=failure)
        with link.transaction() as connection:
            put(connection, link.dialect, [letter])
            to = shard.position_after(1)
            self.checkpoints.advance(connection, shard, to, Status.CATCHING_UP)
        if status.closes_key:
            shard.close_key(letter.key)
        self.checkpoints.moved(shard, 1, Status.CATCHING_UP)

    def _log(
        self,
        level: int,
        shard: Shard,
        row: StoredRow,
        attempts: int,
        what: str,
        error: Exception | None = None,
    ) -> None:
        source, name, number, position = self.job.source, self.job.name, shard.number, row[POSITION]
        facts = {"consumer": name, "shard": number, "position": position, "attempts": attempts}
        said = (name, number, source.name_of(row), position, what)
        text = "consumer %s shard %s: %s at position %s %s"
        extra = facts | source.facts_of(row)
        logger.log(level, text, *said, exc_info=error and shown(error), extra=extra)
