"""The loop of a consumer: rounds, and rests between them, until it is stopped."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from math import inf
from threading import Event

from attrs import define, field

from sourcery.context import in_handler
from sourcery.errors import InvalidArgument, RetryTransaction, UseTheHandlersSession
from sourcery.worker.job import Job
from sourcery.worker.link import Unreachable
from sourcery.worker.rounds import Rounds
from sourcery.worker.settings import check_timeout


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
                if not self._round(rounds, force=False):
                    rounds.rest()

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
        began, seconds = time.monotonic(), check_timeout(timeout)
        with self._at_work(None) as rounds:
            target = self.job.store.settled()
            while not rounds.waiting.stopped:
                left = began + seconds - time.monotonic()
                is_busy = self._round(rounds, force=True, at_most=left)
                rounds.raise_failure()
                if rounds.has_reached(target):
                    break
                left = began + seconds - time.monotonic()
                if left <= 0:
                    raise rounds.too_late(seconds, target)
                if not is_busy:
                    rounds.rest(at_most=left)
            return rounds.handled

    def stop(self) -> None:
        """End the run and every wait in it at once, after the event in hand."""
        self._stop.set()
        rounds = self.rounds
        if rounds is not None:
            rounds.waiting.stop()

    def _round(self, rounds: Rounds, *, force: bool, at_most: float = inf) -> bool:
        """A round; whether to go on at once. A lost connection is waited for, `at_most` so long."""
        rounds.waiting.mark()
        try:
            busy = rounds.round(force=force)
        except Unreachable as error:
            rounds.reconnect(error, at_most)
            return True
        except RetryTransaction:
            busy = False
        if busy:
            rounds.waiting.busy()
        return busy

    @contextmanager
    def _at_work(self, stop: Event | None) -> Generator[Rounds]:
        if in_handler():
            raise UseTheHandlersSession("running a consumer")
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
