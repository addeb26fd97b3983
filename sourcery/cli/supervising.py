"""Workers in threads of one process: started again when they fail, drained when it shall end."""

from __future__ import annotations

import logging
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final, Protocol

from attrs import define, field

from sourcery.errors import ConfigurationError

logger: logging.Logger = logging.getLogger("sourcery.cli")

#: Seconds between two looks at signals and threads.
_TICK: Final = 0.05
#: Seconds until a failed worker is started again: at first, and at most.
_FIRST: Final = 1.0
_LONGEST: Final = 60.0
#: A worker that has run for so many seconds begins anew with its failures.
_HEALTHY: Final = 60.0
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Runnable(Protocol):
    """What can be supervised."""

    def run(self, stop: threading.Event | None = None) -> None:
        """Work until `stop` is set."""


@define(eq=False)
class Supervisor:
    """Runs workers until a signal comes, or one of them cannot work.

    The first SIGTERM or SIGINT lets each finish what it has in hand, the second ends the process
    on the spot. A worker that fails is started again, after 1 second and then twice as long each
    time, up to a minute. One that fails so often in a row, or whose program or database is set up
    wrongly, ends all: another supervisor, and a person, should know.
    """

    workers: Sequence[tuple[str, Runnable]]
    #: Seconds to finish in.
    drain: float = 15.0
    #: Failures in a row.
    attempts: int = 10
    #: Seconds until the first restart.
    wait: float = _FIRST
    _stop: threading.Event = field(factory=threading.Event)
    _signals: int = 0
    _gave_up: bool = False

    def run(self) -> int:
        """Exit status: 0 ended by a signal and drained; 1 a worker gave up, or did not finish."""
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        logger.info("%s: run until SIGTERM or Ctrl-C", ", ".join(name for name, _ in self.workers))
        threads = [self._start(name, worker) for name, worker in self.workers]
        try:
            is_drained = self._watch(threads)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return 0 if is_drained and not self._gave_up else 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Sets nothing but a number: the thread it interrupts may hold any lock."""
        self._signals += 1
        if self._signals > 1:
            os._exit(128 + number)

    def _watch(self, threads: list[threading.Thread]) -> bool:
        """Until all have ended, or the time to drain is over."""
        deadline: float | None = None
        while any(thread.is_alive() for thread in threads):
            if deadline is None and (self._signals or self._gave_up):
                logger.info("workers finish what they have in hand")
                self._stop.set()
                deadline = time.monotonic() + self.drain
            if deadline is not None and time.monotonic() > deadline:
                alive = ", ".join(thread.name for thread in threads if thread.is_alive())
                logger.error("not finished in %g seconds: %s", self.drain, alive)
                return False
            time.sleep(_TICK)
        return True

    def _start(self, name: str, worker: Runnable) -> threading.Thread:
        keep: Callable[[], None] = _Keeping(self, name, worker).keep
        # not waited for at the end: one that hangs must not keep the process alive
        thread = threading.Thread(target=keep, name=name, daemon=True)
        thread.start()
        return thread

    @property
    def stop(self) -> threading.Event:
        """Set when all shall end."""
        return self._stop

    def give_up(self) -> None:
        """Let all end, with exit status 1."""
        self._gave_up = True


@define(eq=False)
class _Keeping:
    supervisor: Supervisor
    name: str
    worker: Runnable
    failures: int = 0

    def keep(self) -> None:
        """Run the worker, again and again when it fails."""
        stop = self.supervisor.stop
        while not stop.is_set():
            began = time.monotonic()
            error = self._run()
            if stop.is_set() and error is None:
                return
            lasted = time.monotonic() - began
            self.failures = 1 if lasted > _HEALTHY else self.failures + 1
            if self._is_final(error):
                logger.error("%a ends for good: %s", self.name, _words(error))
                self.supervisor.give_up()
                return
            seconds = self._backoff()
            logger.warning("%a is started again in %.1f s: %s", self.name, seconds, _words(error))
            stop.wait(seconds)

    def _run(self) -> BaseException | None:
        try:
            self.worker.run(self.supervisor.stop)
        except BaseException as error:
            logger.debug("%a failed", self.name, exc_info=error)
            return error
        return None

    def _is_final(self, error: BaseException | None) -> bool:
        return isinstance(error, ConfigurationError) or self.failures >= self.supervisor.attempts

    def _backoff(self) -> float:
        doubled = self.supervisor.wait * 2.0 ** min(self.failures - 1, 16)
        return min(doubled, _LONGEST) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter


def _words(error: BaseException | None) -> str:
    return "it ended by itself" if error is None else f"{type(error).__name__}: {error}"
