"""Projections kept current in memory.

    with LiveProjection(store, DailyTotals, "2026-11-23") as live:   # returns when caught up
        live.current().total
        live.read_after(token, timeout=5.0)                          # read your own write

One thread follows the log and folds each page into a copy of the state; a `Board` is what the
thread and its readers share.
"""

from sourcery.live.board import Updates
from sourcery.live.projection import LiveProjection

__all__ = ["LiveProjection", "Updates"]
