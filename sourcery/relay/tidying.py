"""Deleting what was sent long ago, now and then, while there is nothing to send."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from attrs import define, field

from sourcery.database import Database
from sourcery.retention.cursors import Cursors, cursors
from sourcery.retention.purge import purge_chunk
from sourcery.worker.link import reaching

logger: logging.Logger = logging.getLogger("sourcery.relay")

#: Seconds between two times, and from the start to the first.
_BETWEEN: Final = 600.0
_FIRST: Final = 60.0


@define(eq=False)
class Tidying:
    """One chunk at a turn, so that messages do not wait for it."""

    database: Database
    #: How long messages are kept; None deletes nothing.
    keep: timedelta | None
    #: By the monotonic clock.
    _due: float = field(factory=lambda: time.monotonic() + _FIRST)
    _before: datetime | None = None
    #: Topics that are not done yet, and where the next chunk of each begins.
    _left: dict[str, tuple[Cursors, int]] = field(factory=dict[str, tuple[Cursors, int]])

    def turn(self, topics: Iterable[str], is_ours: Callable[[str], bool]) -> bool:
        """Delete a chunk, if it is time; whether to go on at once."""
        if self.keep is None or (not self._left and time.monotonic() < self._due):
            return False
        if not self._left:
            self._begin([topic for topic in topics if is_ours(topic)], self.keep)
            return bool(self._left)
        self._go_on()
        return bool(self._left)

    def _begin(self, topics: list[str], keep: timedelta) -> None:
        self._due = time.monotonic() + _BETWEEN
        with reaching(), self.database.reading() as connection:
            self._before = self.database.dialect.now(connection) - keep
            found = cursors(connection, self.database.dialect)
        self._left = {topic: (found[topic], 0) for topic in topics if topic in found}

    def _go_on(self) -> None:
        topic, (of_topic, above) = next(iter(self._left.items()))
        assert self._before is not None
        with reaching():
            done = purge_chunk(self.database, of_topic, self._before, above=above)
        if done.deleted:
            facts = {"topic": topic}
            logger.debug("topic %a: %s messages deleted", topic, done.deleted, extra=facts)
        if done.upto is None:
            del self._left[topic]
        else:
            self._left[topic] = of_topic, done.upto
