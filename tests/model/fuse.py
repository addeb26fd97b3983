"""The end of a worker in the middle of its work."""

from __future__ import annotations

from math import inf

from attrs import define


class Killed(BaseException):
    """What ends a worker: no error that it could handle."""


@define
class Fuse:
    """Ends a worker after so many calls of its handler or broker."""

    left: float = inf

    def burn(self) -> None:
        """Raise `Killed` when its time has come."""
        self.left -= 1
        if self.left < 0:
            raise Killed
