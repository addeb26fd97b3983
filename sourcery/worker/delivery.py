"""The three ways of calling a handler, over the rows of one page.

Each goes on until the page is done, its time is over, or it must stop, and says in `Work` how
far it came. What it raises is the failure of the row in hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from attrs import define, field

from sourcery.arguments import check_result
from sourcery.codec import Decoder
from sourcery.consumers import LeaseLost
from sourcery.context import Causes
from sourcery.errors import DecodeError
from sourcery.recorded import Recorded, StoredRow
from sourcery.unit_of_work import UnitOfWork
from sourcery.worker.shard import Shard
from sourcery.worker.source import Source
from sourcery.worker.unit import PageUnit

EachHandler: TypeAlias = Callable[[UnitOfWork, Recorded[Any]], object]
BatchHandler: TypeAlias = Callable[[UnitOfWork, Sequence[Recorded[Any]]], object]
EffectHandler: TypeAlias = Callable[[Recorded[Any]], object]


@define(eq=False)
class Work:
    """One page in hand."""

    shard: Shard
    rows: Sequence[StoredRow]
    source: Source
    decoder: Decoder
    #: Whether to stop after the event in hand.
    stopped: Callable[[], bool]
    #: Seconds that the lease is still certainly ours.
    lease_left: Callable[[], float]
    #: By the monotonic clock.
    deadline: float
    #: Rows that are done: handled, queued behind a letter, or nobody's.
    done: int = 0
    #: Rows that a handler was given and that a failure undoes, the one in hand included.
    tried: int = 0
    #: Events that a handler was given and took.
    handled: int = 0
    #: Rows that queue behind a letter of their key.
    behind: list[StoredRow] = field(factory=list[StoredRow])
    #: Whether the attempt is stored already.
    counted: bool = False
    #: Whether the event is a letter, which does not queue behind itself.
    out_of_turn: bool = False
    #: The page's unit of work, if its handler runs in one.
    unit: PageUnit | None = None
    #: What the row in hand failed with, where rows before it are done all the same.
    failure: Exception | None = None

    def is_over(self) -> bool:
        """Whether to end the page here."""
        return self.stopped() or time.monotonic() > self.deadline

    def is_queued(self, row: StoredRow) -> bool:
        """Whether there are letters of its key."""
        closed = self.shard.closed
        return bool(closed) and not self.out_of_turn and self.source.key_of(row) in closed

    def queues(self, row: StoredRow) -> bool:
        """Put a row behind the letters of its key, if there are."""
        if not self.shard.closed:
            return False
        queued = self.is_queued(row)
        if queued:
            self.behind.append(row)
        return queued

    def decoded(self, row: StoredRow) -> Sequence[Recorded[Any]] | None:
        """The events of a row. One that cannot be read ends the page before it, if it can."""
        try:
            return self.decoder.decode(row)
        except DecodeError:
            if self.done:
                return None
            self.tried = 1
            raise


class Delivery(Protocol):
    """How a consumer calls its handler."""

    #: Whether the handler runs inside the transaction that moves the checkpoint.
    in_transaction: bool

    def deliver(self, work: Work, causes: Causes) -> None:
        """Handle rows of the page; raises what the handler raises."""


@define
class Each:
    """`handler(uow, recorded)` for every event; all of a page commits with the checkpoint."""

    handler: EachHandler
    in_transaction: bool = True

    def deliver(self, work: Work, causes: Causes) -> None:
        unit, handler, is_over = work.unit, self.handler, work.is_over
        assert unit is not None
        for row in work.rows:
            if not work.queues(row):
                events = work.decoded(row)
                if events is None:
                    return
                work.tried = work.done + 1
                for recorded in events:
                    causes.event = recorded
                    result = handler(unit, recorded)
                    if result is not None:
                        check_result(result)
                work.handled += bool(events)
            work.done += 1
            # what it appended must not wait for the rest of the page: others wait for it then
            if causes.written or unit.has_changes or is_over():
                return


@define
class Batch:
    """`handler(uow, events)` once for a page."""

    handler: BatchHandler
    in_transaction: bool = True

    def deliver(self, work: Work, causes: Causes) -> None:
        unit = work.unit
        assert unit is not None
        batch: list[Recorded[Any]] = []
        for row in work.rows:
            if not work.queues(row):
                events = work.decoded(row)
                if events is None:
                    break
                batch.extend(events)
                work.handled += bool(events)
            work.done += 1
        work.tried = work.done
        if batch:
            causes.event = batch[-1]
            check_result(self.handler(unit, batch))


@define
class Effects:
    """`handler(recorded)` without a transaction; the checkpoint moves afterwards.

    So a process that ends in between handles events of the page again: at least once.
    """

    handler: EffectHandler
    in_transaction: bool = False

    def deliver(self, work: Work, causes: Causes) -> None:
        for row in work.rows:
            if work.lease_left() <= 0:
                if work.done:
                    return
                raise LeaseLost
            try:
                if not self._handle(work, causes, row):
                    return
            except Exception as error:  # noqa: BLE001 - whatever a handler may raise
                work.failure = error
                return
            work.done += 1
            if work.is_over():
                return

    def _handle(self, work: Work, causes: Causes, row: StoredRow) -> bool:
        if work.queues(row):
            return True
        events = work.decoded(row)
        if events is None:
            return False
        work.tried = 1  # those before it are done for good
        for recorded in events:
            causes.event = recorded
            check_result(self.handler(recorded))
        work.handled += bool(events)
        return True
