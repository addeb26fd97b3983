"""The loop of consumers: rounds, and rests between them, until it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from math import inf
from threading import Event
from typing import Protocol

from attrs import define, field

from sourcery.context import in_handler
from sourcery.errors import InvalidArgument, RetryTransaction, UseTheHandlersSession, WaitTimeout
from sourcery.store import EventStore
from sourcery.waiting import Waiting
from sourcery.worker.link import Unreachable, reaching
from sourcery.worker.means import Means
from sourcery.worker.settings import Settings, check_timeout


class Turner(Protocol):
    """What the loop goes round with: one consumer, or several. `Rounds` says what each means."""

    @property
    def waiting(self) -> Waiting: ...

    def round(self, *, force: bool) -> bool: ...

    def rest(self, at_most: float = inf) -> None: ...

    def reconnect(self, error: Exception, at_most: float = inf) -> None: ...

    def has_reached(self, position: int) -> bool: ...

    def raise_failure(self) -> None: ...

    def too_late(self, seconds: float, position: int) -> WaitTimeout: ...

    def end(self) -> None: ...

    @property
    def handled(self) -> int: ...

    @property
    def is_replaying(self) -> bool: ...


@define(eq=False)
class Worker:
    """Runs consumers in the thread that calls it.

    Handlers run in that thread; only leases are renewed in another. Between runs nothing is
    held: no lease, no connection.
    """

    store: EventStore
    settings: Settings
    #: Begins a run.
    begin: Callable[[Means], Turner]
    #: What runs it, in words of its user.
    what: str = "subscriber"
    #: While it works.
    rounds: Turner | None = None
    _stop: Event = field(factory=Event)

    def run(self, stop: Event | None = None) -> None:
        """Work until stopped."""
        with self._at_work(stop) as rounds, self.store.database.keeping_reader():
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
        with self._at_work(None) as rounds, self.store.database.keeping_reader():
            target = self._target(rounds, began + seconds)
            while target is not None and not rounds.waiting.stopped:
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

    def _target(self, rounds: Turner, deadline: float) -> int | None:
        """What is settled now; None when it was stopped. A lost connection is waited for."""
        while not rounds.waiting.stopped:
            try:
                with reaching():
                    return self.store.settled()
            except Unreachable as error:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise error.reason from None
                rounds.reconnect(error, left)
        return None

    def stop(self) -> None:
        """End the run and every wait in it at once, after the event in hand."""
        self._stop.set()
        rounds = self.rounds
        if rounds is not None:
            rounds.waiting.stop()

    def _round(self, rounds: Turner, *, force: bool, at_most: float = inf) -> bool:
        """A round; whether to go on at once. A lost connection is waited for, `at_most` so long."""
        rounds.waiting.mark()
        try:
            busy = rounds.round(force=force)
        except Unreachable as error:
            self.store.database.let_go_of_reader()
            rounds.reconnect(error, at_most)
            return True
        except RetryTransaction:
            busy = False
        if busy:
            rounds.waiting.busy()
        else:
            self.store.database.let_go_of_reader()
        return busy

    @contextmanager
    def _at_work(self, stop: Event | None) -> Generator[Turner]:
        if in_handler():
            raise UseTheHandlersSession("running a consumer")
        if self.rounds is not None:
            problem = "this one runs already: make one for each thread"
            raise InvalidArgument(self.what, problem)
        settings, database = self.settings, self.store.database
        database.start()
        with database.waiting(
            stop, interval=settings.interval, longest=settings.longest_interval
        ) as waiting:
            means = Means.of(database, settings, waiting)
            rounds = self.rounds = self.begin(means)
            if self._stop.is_set():
                waiting.stop()
            try:
                means.heartbeat.start()
                yield rounds
            finally:
                self.rounds = None
                self._stop.clear()
                try:
                    rounds.end()
                finally:
                    means.close()
