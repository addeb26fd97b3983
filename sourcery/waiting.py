"""Sleeping between two looks at the log.

Looking again after an interval is what is correct; a wake-up only makes the sleep shorter.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, RLock, Thread
from types import TracebackType
from typing import Final, Self
from weakref import WeakValueDictionary, finalize, ref

#: Seconds of the first sleep when nothing has come, and of the longest.
INTERVAL: Final = 0.05
LONGEST: Final = 1.0
#: Share by which a sleep is longer or shorter, so that workers do not look all at once.
JITTER: Final = 0.2
#: Seconds after which the watcher of a caller's event sees that nobody waits any more.
_GLANCE: Final = 0.25


class Latch:
    """An event for one waiter, which may be set from anywhere, even while it is being set.

    Whoever is collected as garbage lets go of what it waited for, in whatever thread collects,
    in the middle of whatever that thread does. `threading.Event` would wait for itself there.
    """

    def __init__(self) -> None:
        self.is_set: bool = False
        self._queue: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """End the wait, or the next one."""
        if not self.is_set:
            self.is_set = True
            self._queue.put(None)

    def clear(self) -> None:
        """Make the next wait a wait again."""
        self.is_set = False
        with suppress(Empty):
            while True:
                self._queue.get_nowait()

    def wait(self, timeout: float | None) -> bool:
        """Whether it was set before `timeout` seconds were over."""
        if not self.is_set:
            with suppress(Empty):
                self._queue.get(timeout=timeout)
        return self.is_set


class Signal:
    """Wakes everybody in this process who waits for one store.

    As garbage is collected while it is sent, it never changes what it goes through.
    """

    def __init__(self) -> None:
        self._attached: tuple[ref[Waiting], ...] = ()
        self._lock = RLock()

    def send(self) -> None:
        """Something may have come: look."""
        for reference in self._attached:
            waiting = reference()
            if waiting is not None:
                waiting.wake()

    def attach(self, waiting: Waiting) -> None:
        """Wake this one too, until it is detached."""
        with self._lock:
            self._attached = (*self._without(None), ref(waiting))

    def detach(self, waiting: Waiting) -> None:
        """Wake it no more."""
        with self._lock:
            self._attached = self._without(waiting)

    def _without(self, left: Waiting | None) -> tuple[ref[Waiting], ...]:
        return tuple(r for r in self._attached if (kept := r()) is not None and kept is not left)


_signals: Final[WeakValueDictionary[str, Signal]] = WeakValueDictionary()
_making: Final = RLock()


def signal_for(store_id: str) -> Signal:
    """The one signal of a store in this process, however many objects lead to the store."""
    with _making:
        signal = _signals.get(store_id)
        if signal is None:
            signal = _signals[store_id] = Signal()
    return signal


class Waiting:
    """Sleeps between two looks: until a wake-up, the stop, or an interval that grows.

    The loop around it: `mark()`, look; `busy()` if something came, else `rest()`. Any thread
    may call `wake`, `stop` and `close`; the others are for the one that waits. Close it: a
    caller's `stop` event is watched by a thread, which ends soon after.
    """

    def __init__(
        self,
        signal: Signal,
        stop: Event | None = None,
        *,
        interval: float = INTERVAL,
        longest: float = LONGEST,
    ) -> None:
        self._signal = signal
        self._stop = stop
        self._first = interval
        self._interval = interval
        self._longest = longest
        self._hold: Callable[[], Callable[[], object]] | None = None
        self._release: finalize[[], Waiting] | None = None
        self._woken = Latch()
        self._stopping = Latch()
        self._watched = stop is None
        signal.attach(self)

    @property
    def stopped(self) -> bool:
        """Whether it was stopped or closed, or the caller's event is set."""
        return self._stopping.is_set or (self._stop is not None and self._stop.is_set())

    def mark(self) -> None:
        """Call it before a look: a wake-up from now on ends the next rest at once."""
        self._woken.clear()

    def rest(self, at_most: float | None = None) -> None:
        """Sleep until a wake-up since the mark, the stop, or the interval or `at_most` is over."""
        interval = self._interval * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter
        seconds = interval if at_most is None else max(0.0, min(interval, at_most))
        self._watch()
        if self.stopped:
            return
        self._begin()
        if not self._woken.wait(seconds) and seconds == interval:
            self._interval = min(2 * self._interval, self._longest)
        self._woken.clear()  # what it said is seen by the look that follows

    def busy(self) -> None:
        """Something came: the interval starts small again."""
        self._interval = self._first

    def sleep(self, seconds: float) -> None:
        """Sleep all of it, whatever wakes others; only the stop ends it early."""
        self._watch()
        if not self.stopped:
            self._stopping.wait(seconds)

    def wake(self) -> None:
        """End the rest."""
        self._woken.set()

    def stop(self) -> None:
        """End this and every later rest and sleep at once."""
        self._stopping.set()
        self._woken.set()

    def close(self) -> None:
        """Stop, and let go of the signal. May be called again."""
        self.stop()
        self._signal.detach(self)
        if self._release is not None:
            self._release()

    def when_resting(self, hold: Callable[[], Callable[[], object]]) -> None:
        """Call `hold` before the first rest; what it gives back, when this is closed or collected.

        Who only looks until there is nothing more needs nobody to listen.
        """
        self._hold = hold

    def _begin(self) -> None:
        hold, self._hold = self._hold, None
        if hold is not None:
            self._release = finalize(self, hold())
            self._release.atexit = False

    def _watch(self) -> None:
        """Begin to watch the caller's event, at the first wait."""
        if self._stop is not None and not self._watched:
            self._watched = True
            arguments = (self._stop, ref(self))
            Thread(target=_watch, args=arguments, name="sourcery-stop", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _watch(stop: Event, waiting: ref[Waiting]) -> None:
    """Pass a caller's stop on, as long as there is somebody to pass it to."""
    while not stop.wait(_GLANCE):
        if _is_over(waiting()):
            return
    found = waiting()
    if found is not None:
        found.stop()


def _is_over(waiting: Waiting | None) -> bool:
    return waiting is None or waiting.stopped
