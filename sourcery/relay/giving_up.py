"""What follows a message that could not be sent: another attempt, or the error policy."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import frozen

from sourcery.consumers import LetterStatus
from sourcery.messages import Outcome, Result
from sourcery.worker import ErrorPolicy
from sourcery.worker.failures import Failure, storable


@frozen
class Verdict:
    """What becomes of the message."""

    status: LetterStatus
    #: When it is tried again; None when it is not.
    again: datetime | None = None
    #: Whether the shard stands still until somebody says so.
    halts: bool = False


@frozen
class Judge:
    """Decides by one error policy."""

    policy: ErrorPolicy

    def passes(self, result: Result) -> bool:
        """Whether the first attempt is the last one, and later messages of the key go on."""
        return not self.judge(result, 1, None).status.closes_key

    def judge(self, result: Result, attempts: int, now: datetime | None) -> Verdict:
        """After so many attempts. Without a time it is not said when the next one is."""
        if result.outcome is not Outcome.REFUSED and attempts <= self.policy.retries:
            wait = timedelta(seconds=self.policy.wait_after(attempts))
            return Verdict(LetterStatus.BLOCKED, None if now is None else now + wait)
        if self.policy.then == "skip":
            return Verdict(LetterStatus.SKIPPED)
        return Verdict(LetterStatus.PARKED, halts=self.policy.then == "stop")


def failure_of(result: Result) -> Failure:
    """A result in words that can be stored."""
    return Failure(result.outcome.value.capitalize(), storable(result.error or ""))
