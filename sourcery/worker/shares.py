"""How many shards a worker has: a fair share, by what the rows of the consumer say.

Live owners and the standbys that want a shard are counted together. Who has less than the
share takes free shards, or writes on a row that it wants it; who has more gives a wanted
shard up at its next turn.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from attrs import define

from sourcery.consumers import ConsumerRow, unwant, want
from sourcery.worker.claims import Claims
from sourcery.worker.job import Job
from sourcery.worker.link import singly

#: A standby says again that it wants a shard after this share of a lease.
_WANT_AGAIN: Final = 1 / 3
#: Seconds that an owner gets to renew a lease that ran out, before it is taken from it. SQLite
#: looks each 0.1 seconds whether it may write.
_GRACE: Final = 0.25


@define(eq=False)
class Shares:
    """Brings what a worker has to its fair share."""

    job: Job
    claims: Claims

    def settle(self, rows: list[ConsumerRow]) -> None:
        """Forget what was lost, take what is free, want and give up what is fair."""
        self.claims.see(rows)
        for row in self._not_owned(rows):
            if row.owner == self.claims.owner:  # forgotten with a lost connection
                self.claims.take(row)
        share = fair_share(rows, self.claims.owner)
        if len(self.claims.owned) < share:
            self._claim(rows, share)
        else:
            self._want_no_more(rows)
            self._give_up(rows, share)

    def _not_owned(self, rows: list[ConsumerRow]) -> list[ConsumerRow]:
        return [row for row in rows if row.shard not in self.claims.owned]

    def _claim(self, rows: list[ConsumerRow], share: int) -> None:
        free = [row for row in self._not_owned(rows) if row.owner is None]
        for row in free[: share - len(self.claims.owned)]:
            self.claims.take(row)
        late = [row for row in self._not_owned(rows) if row.owner is not None and not row.is_owned]
        if late and len(self.claims.owned) < share:
            for row in self._still_late(late)[: share - len(self.claims.owned)]:
                self.claims.take(row)
        if len(self.claims.owned) < share:
            others = [row for row in self._not_owned(rows) if row.is_owned]
            self._want(others, share - len(self.claims.owned))

    def _still_late(self, late: list[ConsumerRow]) -> list[ConsumerRow]:
        """Those whose owner does not renew the lease though it could: we can write ourselves.

        A busy database, or one that stood still, keeps from it owners that are well.
        """
        with self.claims.link.transaction():
            pass
        time.sleep(_GRACE)
        shards = {row.shard for row in late}
        again = [row for row in self.claims.observe() if row.shard in shards]
        return [row for row in again if row.owner is not None and not row.is_owned]

    def _want(self, others: list[ConsumerRow], missing: int) -> None:
        """Say on rows of others that this worker wants the shards."""
        lease = timedelta(seconds=self.job.settings.lease)
        chosen = to_want(others, self.claims.owner, missing, lease * (1 - _WANT_AGAIN))
        if not chosen:
            return
        with singly(self.job.store.database) as connection:
            for row in chosen:
                want(connection, self.job.dialect, row, self.claims.owner, row.now + lease)
        self.job.store.database.committed()

    def _want_no_more(self, rows: list[ConsumerRow]) -> None:
        if any(row.live_wanter == self.claims.owner for row in rows):
            with singly(self.job.store.database) as connection:
                unwant(connection, self.job.name, self.claims.owner)

    def _give_up(self, rows: list[ConsumerRow], share: int) -> None:
        """Release what others want of what is too much."""
        me, owned = self.claims.owner, self.claims.owned
        wanted = [row.shard for row in rows if row.live_wanter not in (None, me)]
        shards = [owned[number] for number in wanted if number in owned]
        if len(owned) > share:
            self.claims.release(shards[: len(owned) - share])


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
