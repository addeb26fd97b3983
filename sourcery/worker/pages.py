"""Pages of a shard: read, handled, and written together with the checkpoint.

A page that fails is rolled back and replayed one event at a time; see `failing`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from attrs import define, field
from sqlalchemy import Connection

from sourcery.codec import Decoder
from sourcery.consumers import LeaseLost, LetterStatus, Status
from sourcery.consumers.letters import put
from sourcery.context import Causes, handling
from sourcery.observing import ObservedPage
from sourcery.recorded import StoredRow
from sourcery.worker.checkpoints import Checkpoints
from sourcery.worker.delivery import Delivery, Work
from sourcery.worker.failing import Failing
from sourcery.worker.failures import letter_for
from sourcery.worker.heartbeat import Heartbeat
from sourcery.worker.job import Job
from sourcery.worker.link import Unreachable, reaching
from sourcery.worker.shard import Shard
from sourcery.worker.unit import PageUnit


@define(eq=False)
class Pages:
    """Handles the pages of one consumer, shard by shard."""

    job: Job
    checkpoints: Checkpoints
    failing: Failing
    heartbeat: Heartbeat
    decoder: Decoder = field(kw_only=True)
    delivery: Delivery = field(kw_only=True)

    def turn(self, shard: Shard, *, force: bool) -> bool:
        """Handle one page, or move the checkpoint over what nobody asked for.

        `force` writes the checkpoint at once. Whether there was anything to handle. Raises
        `LeaseLost` and `Unreachable`; what a handler raises is dealt with.
        """
        if not shard.may_work():
            return False
        with reaching():
            page = shard.look(1 if shard.is_single else self.job.settings.page)
        if not page.rows:
            self.checkpoints.pass_over(shard, page.upto, force=force)
            return False
        work = self._work(shard, page.rows)
        if not shard.is_single or self.failing.may_try(work):
            self._try(work)
            work.unit = None  # a circle, which would hold the page until it is found
        return True

    def _work(self, shard: Shard, rows: Sequence[StoredRow]) -> Work:
        return Work(
            shard=shard,
            rows=rows,
            source=self.job.source,
            decoder=self.decoder,
            stopped=lambda: self.failing.waiting.stopped,
            lease_left=partial(self.heartbeat.left, shard.lease),
            deadline=time.monotonic() + self.job.settings.page_seconds,
        )

    def _try(self, work: Work) -> None:
        try:
            self.deliver(work, partial(self._write, work))
        except (LeaseLost, Unreachable):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler may raise
            self.failing.failed(work, error)
            return
        if work.done:
            self._moved(work)
        if work.failure is not None:
            self.failing.failed(work, work.failure)

    def deliver(self, work: Work, write: Callable[[Connection], None]) -> None:
        """Call the handler, and `write` in the transaction that commits what it did."""
        observers = self.job.store.observers
        self.job.store.database.let_go_of_reader()
        if not observers.watching:
            self._deliver(work, write)
            return
        page = ObservedPage(
            consumer=self.job.name,
            shard=work.shard.number,
            catching_up=not work.shard.caught_up,
            is_letter=work.out_of_turn,
            rows=work.rows,
        )
        with observers.handling(page):
            try:
                self._deliver(work, write)
            finally:
                page.done, page.handled = work.done, work.handled

    def _deliver(self, work: Work, write: Callable[[Connection], None]) -> None:
        delivery = self.delivery
        causes = Causes(in_transaction=delivery.in_transaction)
        if delivery.in_transaction:
            with reaching():
                connection = self.checkpoints.link.connection
            work.unit = PageUnit(self.job.store, connection, write)
            with work.unit, handling(causes):
                delivery.deliver(work, causes)
            return
        with handling(causes):
            delivery.deliver(work, causes)
        if work.done:
            with self.checkpoints.link.transaction() as connection:
                write(connection)

    def _write(self, work: Work, connection: Connection) -> None:
        """Letters and checkpoint of a page, in the transaction of what its handler did."""
        now, name, source = self.checkpoints.clock.now(), self.job.name, self.job.source
        behind = [letter_for(name, source, row, LetterStatus.BEHIND, now) for row in work.behind]
        put(connection, self.job.dialect, behind)
        to = work.shard.position_after(work.done)
        self.checkpoints.advance(connection, work.shard, to, _status(work))

    def _moved(self, work: Work) -> None:
        for row in work.behind:
            work.shard.close_key(self.job.source.key_of(row))
        self.checkpoints.moved(work.shard, work.done, _status(work))
        work.shard.handled += work.handled

    def work_alone(self, shard: Shard, row: StoredRow) -> Work:
        """One event out of its turn, which does not queue behind the letters of its key."""
        work = self._work(shard, [row])
        work.out_of_turn = True
        return work


def _status(work: Work) -> Status:
    """Live when nothing is left to handle."""
    is_over = work.done == len(work.rows) and not work.shard.has_more(work.done)
    return Status.LIVE if is_over else Status.CATCHING_UP
