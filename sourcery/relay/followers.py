"""The letters behind one that was just sent: sent on at once, ever more of them in a row.

They were never tried, so no attempt of theirs is stored first. After each stop a key begins with
a head alone again: so whatever ends the process comes to be the head, whose attempts count.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from itertools import takewhile

from attrs import define, field

from sourcery.consumers import Letter, LetterStatus
from sourcery.consumers.letters import letters_behind
from sourcery.following import Follower
from sourcery.messages import Outcome
from sourcery.relay.desk import Desk
from sourcery.relay.parcels import Parcel
from sourcery.worker.link import reaching
from sourcery.worker.shard import Shard


@define(eq=False)
class Followers:
    """Of one topic."""

    desk: Desk
    #: How many may follow the next head of a key; it doubles while all goes well.
    _paces: dict[str, int] = field(factory=dict[str, int])

    def send(self, shard: Shard, head: Letter) -> list[Letter]:
        """Those that were sent, in order. Whatever became of the one after them is forgotten."""
        pace = self._paces.pop(head.key, 0)
        waiting = self._waiting(head, pace) if pace else []
        sent = list(self._sent(shard, waiting))
        if len(sent) == pace:
            self._paces[head.key] = min(max(1, 2 * pace), self.desk.settings.page)
        return sent

    def _waiting(self, head: Letter, count: int) -> list[tuple[Letter, Parcel]]:
        """The next of the key, as far as they were not tried and their rows are near."""
        database = self.desk.job.store.database
        with reaching(), database.reading() as connection:
            found = letters_behind(connection, head, count)
        letters = list(takewhile(lambda letter: letter.status is LetterStatus.BEHIND, found))
        if not letters:
            return []
        follower = Follower(database, self.desk.job.source.query, head.position)
        with reaching():
            rows = follower.look(upto=letters[-1].position).rows
        parcels = {parcel.position: parcel for parcel in map(self.desk.parcels.parcel, rows)}
        near = takewhile(lambda letter: letter.position in parcels, letters)
        return [(letter, parcels[letter.position]) for letter in near]

    def _sent(self, shard: Shard, waiting: list[tuple[Letter, Parcel]]) -> Iterator[Letter]:
        deadline = time.monotonic() + self.desk.settings.page_seconds
        for letter, parcel in waiting:
            if self.desk.stopped or time.monotonic() > deadline or not self._send(shard, parcel):
                return
            yield letter

    def _send(self, shard: Shard, parcel: Parcel) -> bool:
        if parcel.unreadable is not None:
            return False
        may_send = partial(self.desk.may_send, shard)
        for message in parcel.messages:
            result = self.desk.sender.send_alone(message, may_send)
            if result is None or result.outcome is not Outcome.SENT:
                return False
        return True
