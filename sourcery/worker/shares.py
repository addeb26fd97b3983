"""Fair shares of a consumer's shards, by what its rows say. Nothing here asks the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from sourcery.consumers import ConsumerRow


def fair_share(rows: Iterable[ConsumerRow], me: str) -> int:
    """How many shards each may have: of live owners, and of standbys that want one."""
    rows = list(rows)
    workers = {row.owner for row in rows if row.is_owned}
    workers |= {row.live_wanter for row in rows if row.live_wanter}
    return -(-len(rows) // len(workers | {me}))


def to_want(
    rows: Iterable[ConsumerRow], me: str, missing: int, lasting: timedelta
) -> list[ConsumerRow]:
    """The rows of others on which to write that one wants them: those of who has the most.

    A row that another standby wants is left to it: two names do not fit, and who finds no
    place is not counted. Rows that say it for longer than `lasting` need not say it again.
    """
    open_to_us = [row for row in rows if row.live_wanter in (None, me)]
    chosen = _of_the_richest(open_to_us, missing)
    return [row for row in chosen if not _says_so(row, lasting)]


def _says_so(row: ConsumerRow, lasting: timedelta) -> bool:
    if row.live_wanter is None or row.wanted_until is None:
        return False
    return row.wanted_until - row.now > lasting


def _of_the_richest(rows: list[ConsumerRow], count: int) -> list[ConsumerRow]:
    """So many rows, each of the owner that has the most left."""
    chosen: list[ConsumerRow] = []
    left = list(rows)
    while left and len(chosen) < count:
        having = Counter(row.owner for row in left)
        chosen.append(max(left, key=lambda row: having[row.owner]))
        left.remove(chosen[-1])
    return chosen
