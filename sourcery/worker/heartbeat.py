"""Renewing leases from a thread and a connection of its own, as long as the loop turns."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import Final, TypeAlias

from attrs import define, field

from sourcery.consumers import Lease, renew
from sourcery.errors import RetryTransaction
from sourcery.worker.link import Link, Unreachable
from sourcery.worker.settings import Settings

logger: logging.Logger = logging.getLogger("sourcery.worker")

#: Renewals in the time of one lease.
_TIMES: Final = 3
#: Seconds to the next beat after one that failed, and after one that found no way through.
_AGAIN: Final = 0.5
_AT_ONCE: Final = 0.01
#: Seconds to wait for the thread at the end.
_PATIENCE: Final = 5.0
#: Weight of the newest measurement in the rate.
_NEWEST: Final = 0.5


#: Consumer and shard.
_Place: TypeAlias = tuple[str, int]


@define
class _Held:
    lease: Lease
    #: By the monotonic clock.
    until: float
    handled: int = 0
    #: Events per second of late; when it was measured, and what was handled by then.
    rate: float | None = None
    measured_at: float = field(factory=time.monotonic)
    measured: int = 0

    def measure(self, now: float) -> None:
        """Bring the rate up to date."""
        newest = (self.handled - self.measured) / max(now - self.measured_at, 0.001)
        known = newest if self.rate is None else self.rate
        self.rate = _NEWEST * newest + (1 - _NEWEST) * known
        self.measured_at, self.measured = now, self.handled


@define(eq=False)
class Heartbeat:
    """Keeps the leases of one worker alive.

    It stops renewing when the loop has not turned for `page_timeout`: a handler that hangs
    must not keep its shard for ever. A lease that could not be renewed in time is lost, and
    the fence of every page says so; a database that is merely busy loses none.
    """

    _link: Link
    _settings: Settings
    _held: dict[_Place, _Held] = field(factory=dict[_Place, _Held])
    _ticked: float = field(factory=time.monotonic)
    _lock: Lock = field(factory=Lock)
    _stopping: Event = field(factory=Event)
    _thread: Thread | None = None
    #: Whether it was said that no lease can be renewed.
    _failing: bool = False

    def start(self) -> None:
        """Begin to renew."""
        self.tick([])
        self._thread = Thread(target=self._run, name="sourcery-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; leases stay until they run out or are released."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)  # it may wait for a server that is silent

    def hold(self, lease: Lease, sent: float) -> None:
        """Renew this lease from now on; `sent` is when it was asked for."""
        with self._lock:
            self._held[_place(lease)] = _Held(lease, sent + self._settings.lease)

    def drop(self, lease: Lease) -> None:
        """Renew it no more."""
        with self._lock:
            self._held.pop(_place(lease), None)

    def left(self, lease: Lease) -> float:
        """Seconds for which the lease is certainly ours, by the time its renewal was sent."""
        with self._lock:
            held = self._held.get(_place(lease))
        return 0.0 if held is None else held.until - time.monotonic()

    def tick(self, handled: Iterable[tuple[Lease, int]]) -> None:
        """The loop turned; so many events were handled in all under each lease."""
        with self._lock:
            self._ticked = time.monotonic()
            for lease, count in handled:
                if (held := self._held.get(_place(lease))) is not None:
                    held.handled = count

    def _run(self) -> None:
        """Beat three times in a lease, and soon again after a beat that failed."""
        interval = self._settings.lease / _TIMES
        pause = interval
        while not self._stopping.wait(pause):
            if pause == interval:
                self._measure()
            pause = min(interval, self._beat() or interval)
        self._link.close()

    def _beat(self) -> float | None:
        """Renew; None if all that could be done was, else seconds to the next attempt."""
        try:
            self._renew()
        except RetryTransaction as error:
            logger.debug("leases could not be renewed yet: %s", error)
            return _AT_ONCE
        except Unreachable as error:
            self._failed("leases cannot be renewed: %s", error)
            return _AGAIN
        except Exception as error:  # noqa: BLE001 - whatever it is, the next beat may not have it
            self._failed("leases cannot be renewed", exc_info=error)
            return _AGAIN
        self._failing = False
        return None

    def _failed(self, text: str, *facts: object, exc_info: Exception | None = None) -> None:
        """Say it once, and connect anew."""
        level = logging.DEBUG if self._failing else logging.WARNING
        logger.log(level, text, *facts, exc_info=exc_info)
        self._failing = True
        self._link.close()

    def _measure(self) -> None:
        now = time.monotonic()
        with self._lock:
            for held in self._held.values():
                held.measure(now)

    def _renew(self) -> None:
        with self._lock:
            held, age = dict(self._held), time.monotonic() - self._ticked
        if not held or age > self._settings.page_timeout:
            return
        for one in held.values():
            sent = time.monotonic()
            if self._renew_one(one, age):
                with self._lock:
                    one.until = sent + self._settings.lease
            else:
                self._lose(one)

    def _renew_one(self, held: _Held, age: float) -> bool:
        dialect = self._link.dialect
        with self._link.transaction() as connection:
            now = dialect.now(connection)
            return renew(
                connection,
                dialect,
                held.lease,
                until=now + timedelta(seconds=self._settings.lease),
                ticked=now - timedelta(seconds=age),
                rate=held.rate,
            )

    def _lose(self, lost: _Held) -> None:
        place = _place(lost.lease)
        with self._lock:
            if self._held.get(place) is lost:
                del self._held[place]


def _place(lease: Lease) -> _Place:
    return lease.name, lease.shard
