"""How far a log may be read, and when that is worth nothing any more."""

from __future__ import annotations

from attrs import frozen


@frozen
class Frontier:
    """How far a log may be read: at or below `settled` nothing can still appear."""

    settled: int
    #: What must not have changed between reading the frontier and reading a page.
    incarnation: object = None


class IncarnationChanged(Exception):
    """The server restarted or another took over: the frontier is worth nothing."""
