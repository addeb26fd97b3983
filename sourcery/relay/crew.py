"""All topics of a relay, in the one thread that may use the publisher.

Each topic is a consumer of its own. They share the means of the worker: one connection to
write, one heart for all leases, one clock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from math import inf
from typing import Final

from attrs import define, field

from sourcery.errors import InvalidName, WaitTimeout
from sourcery.outbox import topics
from sourcery.relay.tidying import Tidying
from sourcery.store import EventStore
from sourcery.waiting import Waiting
from sourcery.worker import Job, Rounds
from sourcery.worker.link import reaching
from sourcery.worker.means import Means

logger: logging.Logger = logging.getLogger("sourcery.relay")

#: Seconds between two looks for topics that were not there before.
_BETWEEN_LOOKS: Final = 1.0


@define(eq=False)
class Crew:
    """Goes round with one consumer for each topic."""

    store: EventStore
    means: Means
    #: The consumer of a topic. Raises `InvalidName`.
    job_of: Callable[[str], Job]
    #: Deletes what was sent long ago.
    tidying: Tidying
    #: Whether topics that come up are sent too.
    looks: bool
    #: Seconds to sleep where all shards are others', whatever comes.
    interval: float
    rounds: dict[str, Rounds] = field(factory=dict[str, Rounds])
    #: The one that has its turn.
    _current: Rounds | None = None
    _looked: float = -inf
    _refused: set[str] = field(factory=set[str])

    @property
    def waiting(self) -> Waiting:
        """Sleeps between two looks."""
        return self.means.waiting

    def add(self, topic: str) -> None:
        """Send this topic too."""
        if topic not in self.rounds:
            self.rounds[topic] = Rounds(self.job_of(topic), self.means)

    def round(self, *, force: bool) -> bool:
        """A round of every topic; whether anything was done."""
        self._current = None
        self.means.frontier.forget()
        self._look(force=force)
        busy = False
        for rounds in list(self.rounds.values()):
            self._current = rounds
            busy |= rounds.round(force=force, fresh=False)
            if self.waiting.stopped:
                return busy
        return busy or self.tidying.turn(self.rounds, self._owns_first)

    def _owns_first(self, topic: str) -> bool:
        """Whether the first shard of a topic is ours: one worker tidies, not all."""
        return 0 in self.rounds[topic].claims.owned

    def _look(self, *, force: bool) -> None:
        """See which topics there are; at most once a second, unless somebody waits for all."""
        if not self.looks or not (force or time.monotonic() >= self._looked + _BETWEEN_LOOKS):
            return
        self._looked = time.monotonic()
        with reaching(), self.store.database.reading() as connection:
            found = topics(connection)
        for topic in found:
            self._add_found(topic)

    def _add_found(self, topic: str) -> None:
        if topic in self._refused:
            return
        try:
            self.add(topic)
        except InvalidName as error:  # the others go on
            self._refused.add(topic)
            facts = {"topic": topic}
            logger.log(logging.ERROR, "topic %a is not sent: %s", topic, error, extra=facts)

    # -- waiting, failing, ending ------------------------------------------------------

    def rest(self, at_most: float = inf) -> None:
        """Sleep until something comes, or until something may be tried again."""
        if self.looks:
            at_most = min(at_most, max(0.0, self._looked + _BETWEEN_LOOKS - time.monotonic()))
        if not any(rounds.claims.owned for rounds in self.rounds.values()):
            self.waiting.sleep(min(self.interval, at_most))  # nothing that comes is ours
        waits = [rounds.due_in() for rounds in self.rounds.values()]
        self.waiting.rest(min([at_most, *waits]))

    def reconnect(self, error: Exception, at_most: float = inf) -> None:
        """All shards were ours by the connection that was lost."""
        for rounds in self.rounds.values():
            if rounds is not self._current:
                rounds.forget()
        current = self._current
        if current is None:  # not even the topics could be read
            logger.warning("a relay cannot see its topics, the database is unreachable: %s", error)
            self.means.link.close()
            self.waiting.sleep(min(_BETWEEN_LOOKS, at_most))
        else:
            current.reconnect(error, at_most)

    @property
    def handled(self) -> int:
        """Messages sent by this worker."""
        return sum(rounds.handled for rounds in self.rounds.values())

    @property
    def is_replaying(self) -> bool:
        """Whether messages of a page that failed can be sent at once, one by one."""
        return any(rounds.is_replaying for rounds in self.rounds.values())

    def has_reached(self, position: int) -> bool:
        """Whether all topics are past a position, and no letter is due."""
        return all(rounds.has_reached(position) for rounds in self.rounds.values())

    def raise_failure(self) -> None:
        """Raise `ConsumerFailed` when a shard of a topic stands still."""
        for rounds in self.rounds.values():
            rounds.raise_failure()

    def too_late(self, seconds: float, position: int) -> WaitTimeout:
        """The error of a drain that took too long: of the first topic that is not there."""
        late = [r for r in self.rounds.values() if not r.has_reached(position)]
        return [*late, *self.rounds.values()][0].too_late(seconds, position)

    def end(self) -> None:
        """Give all leases back at once."""
        for rounds in self.rounds.values():
            rounds.end()
