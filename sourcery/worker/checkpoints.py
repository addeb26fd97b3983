"""What a worker stores about its shards, each time fenced by the lease, and then remembers."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final

from attrs import define
from sqlalchemy import Connection

from sourcery.consumers import Status, advance, fail, hold_still
from sourcery.worker.clock import Clock
from sourcery.worker.job import Job
from sourcery.worker.link import Link
from sourcery.worker.shard import Shard

#: Seconds between writes of a checkpoint that only moved over events of others.
_BETWEEN_WRITES: Final = 1.0


@define(eq=False)
class Checkpoints:
    """The checkpoints of one consumer: written in a transaction, remembered after it."""

    job: Job
    link: Link
    clock: Clock

    def advance(self, connection: Connection, shard: Shard, to: int, status: Status) -> None:
        """Move the stored checkpoint in the caller's transaction. Raises `LeaseLost`."""
        shard.row = advance(
            connection,
            self.job.dialect,
            shard.lease,
            old=shard.stored,
            new=to,
            status=status,
            now=self.clock.now(),
        )

    def hold(self, connection: Connection, shard: Shard) -> None:
        """Make sure that the lease is ours, in a transaction that moves no checkpoint."""
        now = self.clock.now()
        hold_still(connection, self.job.dialect, shard.lease, old=shard.stored, now=now)

    def moved(self, shard: Shard, rows: int, status: Status) -> None:
        """Remember a committed move over so many rows that were read."""
        shard.stored = shard.position_after(rows)
        shard.passed(rows, stored=True)
        shard.status = status
        shard.caught_up |= status is Status.LIVE
        shard.written = time.monotonic()
        shard.attempts, shard.error, shard.conflicts = 0, None, 0

    def pass_over(self, shard: Shard, upto: int, *, force: bool) -> None:
        """Nothing to handle up to here: write that at most once a second, unless somebody waits.

        `force` writes it at once.
        """
        shard.passed(0, stored=False)
        is_live = shard.status is Status.LIVE
        if is_live and (shard.stored == upto or not (force or self._is_pressing(shard, upto))):
            return
        with self.link.statement() as connection:
            self.advance(connection, shard, upto, Status.LIVE)
        self.moved(shard, 0, Status.LIVE)
        shard.row = None  # a rest may follow, and then it is looked at

    def _is_pressing(self, shard: Shard, upto: int) -> bool:
        if shard.stored < shard.awaited or upto == shard.hold_at:
            return True
        return time.monotonic() >= shard.written + _BETWEEN_WRITES

    def fault(self, connection: Connection, shard: Shard, at: int, error: str) -> None:
        """Stand still at a checkpoint that was just moved there, in the same transaction."""
        self._fail(connection, shard, Status.FAULTED, error, old=at)

    def attempt(
        self, shard: Shard, attempts: int, status: Status, error: str, wait: float | None = None
    ) -> None:
        """Store an attempt at the next event, in a transaction of its own; it waits then."""
        with self.link.statement() as connection:
            self._fail(
                connection, shard, status, error, old=shard.stored, attempts=attempts, wait=wait
            )
        shard.attempts, shard.status, shard.error = attempts, status, error
        shard.due = time.monotonic() + (wait or 0.0)

    def _fail(
        self,
        connection: Connection,
        shard: Shard,
        status: Status,
        error: str,
        *,
        old: int,
        attempts: int = 0,
        wait: float | None = None,
    ) -> None:
        now = self.clock.now()
        fail(
            connection,
            self.job.dialect,
            shard.lease,
            old=old,
            status=status,
            attempts=attempts,
            again=None if wait is None else now + timedelta(seconds=wait),
            error=error,
            now=now,
        )
