"""Rounds of a worker: look at the rows, settle the claims, obey, and give each shard a turn."""

from __future__ import annotations

import logging
import random
from contextlib import suppress
from math import inf
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sourcery.cloning import refuse_clone
from sourcery.consumers import (
    ConsumerRow,
    LeaseLost,
    Status,
    request_of,
    rows_of,
)
from sourcery.consumers.letters import closed_keys, due_letters
from sourcery.errors import ConsumerFailed, RetryTransaction, WaitTimeout
from sourcery.waiting import Waiting
from sourcery.worker.checkpoints import Checkpoints
from sourcery.worker.claims import Claims
from sourcery.worker.heartbeat import Heartbeat
from sourcery.worker.job import Job, Turns
from sourcery.worker.link import Unreachable, reaching
from sourcery.worker.means import Means
from sourcery.worker.obey import obey
from sourcery.worker.shard import Shard
from sourcery.worker.shares import Shares

logger: logging.Logger = logging.getLogger("sourcery.worker")

#: Seconds to wait before connecting again: at first, and at most.
_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 5.0
#: Connections lost in a row with one event in hand, after which the event is suspected.
_SUSPECT: Final = 3
#: Seconds after a page in which its row need not be read again.
_FRESH: Final = 1.0


class Rounds:
    """One consumer at work in one thread, by means that it may share with others."""

    def __init__(self, job: Job, means: Means) -> None:
        self.job = job
        self.waiting: Waiting = means.waiting
        self._link = means.link
        self._clock = means.clock
        self.heartbeat: Heartbeat = means.heartbeat
        self.claims: Claims = Claims(job, self._link, self.heartbeat, means.owner, means.frontier)
        self._shares = Shares(job, self.claims)
        self._checkpoints = Checkpoints(job, self._link, self._clock)
        self._turns: Turns = job.turns(job, means)
        self._rows: list[ConsumerRow] = []
        self._caught_up = False
        #: Whether this may be a copy of the database, in which effects would be repeated.
        self._may_be_cloned = job.has_effects
        #: Connections lost in a row, and what was in hand.
        self._outages = 0
        self._in_hand: tuple[int, int] | None = None
        self._suspected: dict[tuple[int, int], int] = {}

    # -- one round ---------------------------------------------------------------------

    def round(self, *, force: bool, fresh: bool = True) -> bool:
        """Whether anything was done. Raises `Unreachable` when the database is.

        Unless it is `fresh`, the frontier is that of whoever had its turn before. Raises
        `StoreCloned` in a copy, where effects would be repeated.
        """
        self._in_hand = None
        self._check_place()
        if fresh:
            self.claims.frontier.forget()
        self._rows = self._just_seen() or self.claims.observe()
        self._clock.set(self._rows[0].now)
        self._shares.settle(self._rows)
        busy = False
        for shard in list(self.claims.owned.values()):
            try:
                busy |= self._turn(shard, force=force)
            except LeaseLost:
                facts = {"consumer": self.job.name, "shard": shard.number}
                logger.warning(
                    "consumer %(consumer)s shard %(shard)s: lease lost", facts, extra=facts
                )
                self.claims.forget(shard)
            if self.waiting.stopped:
                break
        self.heartbeat.tick((shard.lease, shard.handled) for shard in self.claims.owned.values())
        self._outages = 0
        self._signal_caught_up()
        return busy

    def _just_seen(self) -> list[ConsumerRow]:
        """The only row, if this worker's last page has told a moment ago what stands on it."""
        found = [shard.last_seen(_FRESH) for shard in self.claims.owned.values()]
        return [row for row in found if row is not None]

    def _check_place(self) -> None:
        if self._may_be_cloned:
            with reaching():
                refuse_clone(self.job.store.database)
            self._may_be_cloned = False

    def _turn(self, shard: Shard, *, force: bool) -> bool:
        row = self._rows[shard.number]
        if row.request is not None:
            self._obey(shard, row)
            return True
        self._in_hand = (shard.number, shard.stored)
        try:
            busy = self._turns.turn(shard, force=force)
        except SystemExit:  # of the handler, perhaps: its event has cost an attempt
            self.claims.ending = shard
            raise
        self._in_hand = None
        return busy

    def _obey(self, shard: Shard, row: ConsumerRow) -> None:
        """Do what somebody asked for, then see the shard as it is stored."""
        dialect = self.job.dialect
        request = request_of(row)
        assert request is not None
        with self._link.transaction() as connection:
            query, now = self.job.source.query, self._clock.now()
            obey(connection, dialect, shard.lease, row, request, now, query)
            row = rows_of(connection, dialect, self.job.name)[shard.number]
            closed = closed_keys(connection, self.job.name, shard.place)
            due = due_letters(connection, self.job.name, shard.place)
        self.claims.own(shard.lease, row, closed=closed, due_letters=due)
        self.job.store.database.committed()

    def _signal_caught_up(self) -> None:
        owned = self.claims.owned.values()
        call = self.job.on_caught_up
        if call and owned and not self._caught_up and all(s.status is Status.LIVE for s in owned):
            self._caught_up = True
            call()

    # -- waiting, failing, ending ------------------------------------------------------

    @property
    def is_replaying(self) -> bool:
        """Whether events of a page that failed can be had at once, one by one."""
        owned = self.claims.owned.values()
        return any((s.single_until or s.conflicts) and s.may_work() for s in owned)

    def rest(self, at_most: float = inf) -> None:
        """Sleep until something comes, or until something may be tried again."""
        if not self.claims.owned:  # nothing that comes is ours: one look for many commits is enough
            self.waiting.sleep(min(self.job.settings.interval, at_most))
        self.waiting.rest(min(at_most, self.due_in()))

    def due_in(self) -> float:
        """Seconds until something that waits may be tried again; infinite when nothing does."""
        now = self._clock.now()
        return min((shard.due_in(now) for shard in self.claims.owned.values()), default=inf)

    def reconnect(self, error: Exception, at_most: float = inf) -> None:
        """Forget everything in flight, wait a while, and begin anew."""
        self._outages += 1
        text, facts = "consumer %s: the database is unreachable: %s", {"consumer": self.job.name}
        logger.warning(text, self.job.name, error, extra=facts)
        self.forget()
        self._link.close()
        wait = min(_FIRST_WAIT * 2.0 ** min(self._outages - 1, 20), _LONGEST_WAIT)
        self.waiting.sleep(min(wait * random.uniform(0.5, 1), at_most))  # noqa: S311 - jitter

    def forget(self) -> None:
        """The connection was lost: what was in flight is not ours, but perhaps to blame."""
        self._suspect()
        self._may_be_cloned = self.job.has_effects
        self.claims.forget_all()

    def _suspect(self) -> None:
        """An event that loses the connection again and again has its attempts counted."""
        if self._in_hand is not None:
            times = self._suspected.get(self._in_hand, 0) + 1
            self._suspected = {self._in_hand: times}
            if times >= _SUSPECT:
                self.claims.suspected.add(self._in_hand)
        self._in_hand = None

    @property
    def handled(self) -> int:
        """Events handled by this worker."""
        return self.claims.handled + sum(s.handled for s in self.claims.owned.values())

    def has_reached(self, position: int) -> bool:
        """Whether all shards, whoever runs them, are past a position, and no letter is due."""
        if not self._rows:
            return False
        owned = self.claims.owned
        known = [owned[r.shard].stored if r.shard in owned else r.position for r in self._rows]
        try:
            with reaching():
                return min(known) >= position and not self._failed()
        except Unreachable:  # the next round says so
            return False

    def _failed(self) -> int:
        """Letters that are tried again, which no position shows; those of others are looked up."""
        owned, rows = self.claims.owned, self._rows
        ours = sum(len(shard.due_letters) for shard in owned.values())
        others = {row.shard for row in rows if row.shard not in owned}
        if not others:
            return ours
        with self.job.store.database.reading() as connection:
            due = due_letters(connection, self.job.name, (0, 1))
        return ours + sum(letter.bucket % len(rows) in others for letter in due)

    def raise_failure(self) -> None:
        """Raise `ConsumerFailed`, caused by the handler's error, when a shard stands still."""
        owned = self.claims.owned
        for row in self._rows:
            shard = owned.get(row.shard)
            status = shard.status if shard else row.status
            if status.halted:
                error = (shard.error if shard else row.error) or f"it is {status}"
                position = shard.stored if shard else row.position
                raised = shard.raised if shard else None
                raise ConsumerFailed(self.job.name, row.shard, position, error) from raised

    def too_late(self, seconds: float, position: int) -> WaitTimeout:
        """The error of a drain that took too long."""
        reached = min((row.position for row in self._rows), default=0)
        try:
            settled, failed = self.job.store.settled(), self._failed()
        except DBAPIError:  # that may be why
            settled, failed = position, 0
        who, wait = f"consumer {self.job.name!a}", f"{failed} that failed wait to be tried again"
        because = f"{wait}, see its letters" if failed else None
        return WaitTimeout(who, seconds, position, reached, settled, because)

    def end(self) -> None:
        """Give all leases back at once. If that fails, they run out. The means stay open."""
        try:
            with suppress(Unreachable, LeaseLost, RetryTransaction):
                self._write_positions()
            self.claims.leave()
        except (Unreachable, RetryTransaction, SQLAlchemyError):
            facts = {"consumer": self.job.name}
            logger.warning(
                "consumer %(consumer)s: leases could not be released", facts, extra=facts
            )

    def _write_positions(self) -> None:
        """What was passed over and not yet written need not be read again."""
        ahead = [s for s in self.claims.owned.values() if s.follower.position > s.stored]
        if not ahead:
            return
        with self._link.transaction() as connection:
            for shard in ahead:
                self._checkpoints.advance(connection, shard, shard.follower.position, shard.status)
