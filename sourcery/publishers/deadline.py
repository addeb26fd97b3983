"""The end of one call of `publish`, by the monotonic clock."""

from __future__ import annotations

import time

from attrs import frozen


@frozen
class Deadline:
    """A moment that what follows must not outlast."""

    _at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds; never below zero."""
        return max(0.0, self._at - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.left <= 0.0
