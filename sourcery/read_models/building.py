"""Filling a version up to the end of the log: how far it is, how fast, how long it still takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from typing import Final

from attrs import frozen

from sourcery.control.looking import check_seconds, rows_now
from sourcery.errors import WaitTimeout
from sourcery.read_models.version import Version

#: Seconds between two reports of the progress of a build.
_BETWEEN_REPORTS: Final = 1.0


@frozen(kw_only=True)
class Progress:
    """A version on its way to the end of the log; counted in positions, which all events have."""

    #: All up to here is handled or passed over, in all shards.
    position: int
    #: Where the log is settled by now.
    settled: int
    #: Positions a second since the look before; None when it did not move.
    rate: float | None

    @property
    def share(self) -> float:
        """How much of the log is done, from 0 to 1."""
        return min(1.0, self.position / self.settled) if self.settled else 1.0

    @property
    def seconds_left(self) -> float | None:
        """At this rate, if nothing more is appended; None when that cannot be told."""
        left = max(0, self.settled - self.position)
        if not left:
            return 0.0
        return left / self.rate if self.rate else None


class Watch:
    """Looks at a version again and again."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._before = self._look()

    def progress(self) -> Progress:
        """How far it is now, and its rate since the look before."""
        (then, there), (now, here) = self._before, self._look()
        self._before = now, here
        rate = (here - there) / (now - then) if here > there and now > then else None
        settled = self._version.store.settled()
        return Progress(position=here, settled=settled, rate=rate)

    def _look(self) -> tuple[float, int]:
        rows = rows_now(self._version.store.database, self._version.consumer)
        return time.monotonic(), min(row.position for row in rows)


def build(
    version: Version, timeout: float | None, on_progress: Callable[[Progress], object] | None
) -> None:
    """Drain it, a while at a time. Raises `WaitTimeout` and `ConsumerFailed`."""
    deadline = inf if timeout is None else time.monotonic() + check_seconds(timeout)
    watch: Watch | None = None
    while not _drained(version, deadline):
        watch = watch or Watch(version)
        if on_progress is not None:
            on_progress(watch.progress())


def _drained(version: Version, deadline: float) -> bool:
    left = max(0.0, min(_BETWEEN_REPORTS, deadline - time.monotonic()))
    try:
        version.subscriber.drain(left)
    except WaitTimeout:
        if time.monotonic() >= deadline:
            raise
        return False
    return True
