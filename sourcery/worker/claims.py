"""The shards that a worker owns, by leases that others can see. How many: see `shares`."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import timedelta

from attrs import define, field
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from sourcery.consumers import (
    ConsumerRow,
    Lease,
    Letter,
    all_shards,
    expire,
    leave,
    register,
    release,
    rows_of,
    take,
)
from sourcery.consumers.letters import closed_keys, due_letters
from sourcery.errors import ConsumerDamaged
from sourcery.following import Follower
from sourcery.starting import resolve_start
from sourcery.worker.frontier import SharedFrontier
from sourcery.worker.heartbeat import Heartbeat
from sourcery.worker.job import Job
from sourcery.worker.link import Link, Unreachable, reaching, singly
from sourcery.worker.shard import Shard

logger: logging.Logger = logging.getLogger("sourcery.worker")


@define(eq=False)
class Claims:
    """The shards of one consumer that this worker owns."""

    job: Job
    link: Link
    heartbeat: Heartbeat
    #: Name of this worker, unlike any other's.
    owner: str
    #: How far the logs may be read, by the frontier of the round.
    frontier: SharedFrontier
    owned: dict[int, Shard] = field(factory=dict[int, Shard])
    #: Shards and checkpoints after which an event lost the connection too often.
    suspected: set[tuple[int, int]] = field(factory=set[tuple[int, int]])
    #: The shard with an event in hand that ends this very process.
    ending: Shard | None = None
    #: Whether the consumer has rows.
    registered: bool = False
    #: Events handled in shards that are no longer ours.
    handled: int = 0

    def observe(self) -> list[ConsumerRow]:
        """The rows of all shards, by number; registers the consumer at its first start."""
        while True:
            with reaching(), self.job.store.database.reading() as connection:
                rows = rows_of(connection, self.job.dialect, self.job.name)
            if rows:
                self.registered = True
                self.job.spec.check(rows[0])
                return all_shards(rows)
            if self.registered:
                raise ConsumerDamaged(self.job.name, "its rows were deleted while it ran")
            self._register()

    def _register(self) -> None:
        with reaching():  # beyond the log it is refused: stored, it would say that one was longer
            position = resolve_start(self.job.store.database, self.job.start)
        try:
            with self.link.transaction() as connection:
                # no lease of a consumer that had this name before may fit
                epoch = int(self.job.dialect.now(connection).timestamp() * 1000)
                register(connection, self.job.dialect, self.job.spec, position, epoch)
        except IntegrityError:
            facts = {"consumer": self.job.name}
            logger.debug(
                "another worker registered consumer %(consumer)s first", facts, extra=facts
            )

    def see(self, rows: list[ConsumerRow]) -> None:
        """Forget what was lost; take over what others wrote on the rows of the rest."""
        for shard in list(self.owned.values()):
            row = rows[shard.number]
            if row.epoch == shard.lease.epoch:
                shard.see(row)
            else:
                self.forget(shard)

    def take(self, row: ConsumerRow) -> None:
        """Claim a shard, having ended whoever had it."""
        expired = row.owner is not None and row.owner != self.owner
        dialect, sent = self.job.dialect, time.monotonic()
        mark = self.link.open()  # first: on SQLite two transactions would wait for each other
        with singly(self.job.store.database) as connection:
            self._end_owner(row, connection)
            until = dialect.now(connection) + timedelta(seconds=self.job.settings.lease)
            lease = take(connection, dialect, row, self.owner, until=until, backend=mark)
            if lease is None:
                return
            row = rows_of(connection, dialect, self.job.name)[row.shard]
            place = (row.shard, row.shards)
            closed = closed_keys(connection, self.job.name, place)
            due = due_letters(connection, self.job.name, place)
        self.own(lease, row, careful=expired, closed=closed, due_letters=due)
        self.heartbeat.hold(lease, sent)

    def _end_owner(self, row: ConsumerRow, connection: Connection) -> None:
        """End the connection that had the shard: it may hold locks that stop everyone.

        It is that of an owner that is gone or frozen, or our own of before, which we have lost
        but the server perhaps has not.
        """
        if row.owner not in (None, self.owner):
            facts = {"consumer": row.name, "shard": row.shard, "owner": row.owner}
            text = "consumer %(consumer)s shard %(shard)s: lease of %(owner)s ran out"
            logger.warning(text, facts, extra=facts)
        if row.backend is not None and row.backend != self.link.mark:
            self.job.dialect.end_marked(connection, row.backend)

    def own(
        self,
        lease: Lease,
        row: ConsumerRow,
        *,
        closed: dict[str, int],
        due_letters: list[Letter],
        careful: bool = False,
    ) -> None:
        """See a shard that is ours as it is stored."""
        follower = Follower(
            self.job.store.database,
            self.job.source.query.of_shard(row.shard, row.shards),
            row.position,
            size=self.job.settings.page,
            durable=True,
            frontier=self.frontier.read,
        )
        self.owned[row.shard] = Shard(
            lease=lease,
            place=(row.shard, row.shards),
            follower=follower,
            stored=row.position,
            status=row.status,
            attempts=row.attempts,
            error=row.error,
            hold_at=row.hold_at,
            awaited=row.awaited,
            due=time.monotonic() + _seconds_until(row),
            # what the last owner had in hand may be what ended it
            careful=careful or (row.shard, row.position) in self.suspected,
            closed=closed,
            due_letters=due_letters,
            handled=self.owned[row.shard].handled if row.shard in self.owned else 0,
        )

    def release(self, shards: Iterable[Shard]) -> None:
        """Give shards back at once; what is in hand must be finished."""
        shards = list(shards)
        if not shards:
            return
        with self.link.transaction() as connection:
            now = self.job.dialect.now(connection)
            for shard in shards:
                release(connection, self.job.dialect, shard.lease, now)
        for shard in shards:
            self.forget(shard)
        self.job.store.database.committed()

    def leave(self) -> None:
        """Give everything up at once, also what was forgotten with a lost connection."""
        try:
            self._leave()
        except Unreachable:  # perhaps it was lost while it rested, and another one can be had
            self.link.close()
            self._leave()
        self.forget_all()
        self.job.store.database.committed()

    def _leave(self) -> None:
        with self.link.transaction() as connection:
            if self.ending is not None:
                expire(connection, self.job.dialect, self.ending.lease)
            leave(connection, self.job.dialect, self.job.name, self.owner)

    def forget(self, shard: Shard) -> None:
        """It is no longer ours."""
        if self.owned.pop(shard.number, None) is not None:
            self.handled += shard.handled
        self.heartbeat.drop(shard.lease)

    def forget_all(self) -> None:
        """The connection was lost: claim again, and read again where things stand."""
        for shard in list(self.owned.values()):
            self.forget(shard)


def _seconds_until(row: ConsumerRow) -> float:
    """How long the stored wait after a failed attempt still lasts."""
    if row.next_attempt_at is None:
        return 0.0
    return max(0.0, (row.next_attempt_at - row.now).total_seconds())
