"""The loop of a consumer: rounds, and rests between them, until it is stopped."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from threading import Event

from attrs import define, field

from sourcery.errors import InvalidArgument, RetryTransaction
from sourcery.worker.job import Job
from sourcery.worker.link import Unreachable
from sourcery.worker.rounds import Rounds


@define(eq=False)
class Worker:
    """Runs one consumer in the thread that calls it.

    The handler runs in that thread; only leases are renewed in another. Between runs nothing
    is held: no lease, no connection.
    """

    job: Job
    #: While it works.
    rounds: Rounds | None = None
    _stop: Event = field(factory=Event)

    def run(self, stop: Event | None = None) -> None:
        """Work until stopped."""
        with self._at_work(stop) as rounds:
            while not rounds.waiting.stopped:
                self._once(rounds, force=False)

    def run_once(self) -> int:
        """A page of each shard that can be had; the number of events handled."""
        with self._at_work(None) as rounds:
            try:
                while rounds.round(force=True) and rounds.is_replaying:
                    if rounds.waiting.stopped:
                        break
            except Unreachable as error:
                raise error.reason from None
            rounds.raise_failure()
            return rounds.handled

    def drain(self, timeout: float | None) -> int:
        """Work until all that is settled now is handled; the number of events handled here."""
        target, began = self.job.store.settled(), time.monotonic()
        with self._at_work(None) as rounds:
            while not rounds.has_reached(target) and not rounds.waiting.stopped:
                if timeout is not None and time.monotonic() > began + timeout:
                    raise rounds.too_late(timeout, target)
                self._once(rounds, force=True)
                rounds.raise_failure()
            return rounds.handled

    def stop(self) -> None:
        """End the run and every wait in it at once, after the event in hand."""
        self._stop.set()
        rounds = self.rounds
        if rounds is not None:
            rounds.waiting.stop()

    def _once(self, rounds: Rounds, *, force: bool) -> None:
        """A round and, if it did nothing, a rest. What the database has lost is found again."""
        rounds.waiting.mark()
        try:
            busy = rounds.round(force=force)
        except Unreachable as error:
            rounds.reconnect(error)
            return
        except RetryTransaction:
            busy = False
        if busy:
            rounds.waiting.busy()
        else:
            rounds.waiting.rest(at_most=rounds.until_due())

    @contextmanager
    def _at_work(self, stop: Event | None) -> Generator[Rounds]:
        if self.rounds is not None:
            problem = "this one runs already: make one for each thread"
            raise InvalidArgument("subscriber", problem)
        settings, database = self.job.settings, self.job.store.database
        database.start()
        with database.waiting(
            stop, interval=settings.interval, longest=settings.longest_interval
        ) as waiting:
            rounds = self.rounds = Rounds(self.job, waiting)
            if self._stop.is_set():
                waiting.stop()
            try:
                rounds.heartbeat.start()
                yield rounds
            finally:
                self.rounds = None
                self._stop.clear()
                rounds.end()
