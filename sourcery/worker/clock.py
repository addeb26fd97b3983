"""The database's clock, without asking it for every page."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from attrs import define


@define
class Clock:
    """The database's time when it was last read, and how long ago that is."""

    _seen: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    _at: float = 0.0

    def set(self, now: datetime) -> None:
        """The database said what time it is."""
        self._seen, self._at = now, time.monotonic()

    def now(self) -> datetime:
        """The time to write beside a fact; leases use the database's own."""
        return self._seen + timedelta(seconds=time.monotonic() - self._at)
