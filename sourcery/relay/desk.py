"""What both ways of sending work with: the publisher, the checkpoints, and what they say."""

from __future__ import annotations

import logging

from attrs import define

from sourcery.consumers import Letter, LetterStatus, Status
from sourcery.dialects import Dialect
from sourcery.messages import Publisher, Result
from sourcery.relay.giving_up import Judge, Verdict, failure_of
from sourcery.relay.parcels import Parcel, Parcels
from sourcery.relay.sender import Sender
from sourcery.worker import Job, Settings
from sourcery.worker.checkpoints import Checkpoints
from sourcery.worker.failures import letter_for
from sourcery.worker.means import Means
from sourcery.worker.shard import Shard

logger: logging.Logger = logging.getLogger("sourcery.relay")


@define(eq=False)
class Desk:
    """One topic of a relay at work."""

    job: Job
    parcels: Parcels
    sender: Sender
    judge: Judge
    checkpoints: Checkpoints
    means: Means

    @property
    def publisher(self) -> Publisher:
        """The adapter to the broker."""
        return self.sender.publisher

    @property
    def settings(self) -> Settings:
        """Sizes and times."""
        return self.job.settings

    @property
    def dialect(self) -> Dialect:
        """The database's."""
        return self.job.dialect

    @property
    def stopped(self) -> bool:
        """Whether to end after the batch in hand."""
        return self.means.waiting.stopped

    def may_send(self, shard: Shard) -> bool:
        """Whether the lease certainly outlasts a call of the publisher."""
        return self.means.heartbeat.left(shard.lease) > self.publisher.timeout

    def is_lost(self, shard: Shard) -> bool:
        """Whether the lease may have another owner by now."""
        return self.means.heartbeat.left(shard.lease) <= 0

    def pause(self, shard: Shard) -> None:
        """Say on the row that the broker is out of reach, and wait for the next probe."""
        circuit = self.sender.circuit
        error, wait = circuit.error or "", circuit.wait
        self.checkpoints.attempt(shard, shard.attempts, Status.RETRYING, error, wait)

    # -- letters -----------------------------------------------------------------------

    def behind(self, parcel: Parcel) -> Letter:
        """The letter of a row that waits behind another of its key."""
        now = self.checkpoints.clock.now()
        return letter_for(self.job.name, self.parcels, parcel.row, LetterStatus.BEHIND, now)

    def failed(self, parcel: Parcel, result: Result, attempts: int) -> tuple[Letter, Verdict]:
        """The letter of a row after so many attempts, and what follows."""
        now = self.checkpoints.clock.now()
        verdict = self.judge.judge(result, attempts, now)
        facts = self.parcels.facts_of(parcel.row)
        name = self.parcels.name_of(parcel.row)
        self.log(parcel.position, name, facts, verdict, attempts, result)
        letter = letter_for(
            self.job.name,
            self.parcels,
            parcel.row,
            verdict.status,
            now,
            attempts=attempts,
            failure=parcel.unreadable or failure_of(result),
            next_attempt_at=verdict.again,
        )
        return letter, verdict

    def log(
        self,
        position: int,
        what: str,
        facts: dict[str, object],
        verdict: Verdict,
        attempts: int,
        result: Result,
    ) -> None:
        """Say that an attempt failed, and what follows."""
        level = logging.WARNING if verdict.status is LetterStatus.BLOCKED else logging.ERROR
        text = "relay %s: %s at position %s failed, attempt %s, and is %s: %s"
        error = None if result.error is None else " ".join(result.error.split())  # one line
        name, status = self.job.name, verdict.status.value
        extra = {"consumer": name, "position": position, "attempts": attempts, "status": status}
        said = (name, ascii(what), position, attempts, status, error)
        logger.log(level, text, *said, extra=extra | facts)
