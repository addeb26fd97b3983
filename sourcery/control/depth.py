"""How much waits in the outbox, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen
from sqlalchemy import Connection

from sourcery.consumers import ConsumerRow, LetterStatus
from sourcery.consumers.backlog import Backlog, backlog
from sourcery.consumers.filters import query_of
from sourcery.consumers.letters import count_letters
from sourcery.log import MessageQuery
from sourcery.outbox import topics
from sourcery.retention import Cursors, cursors
from sourcery.store import EventStore


@frozen(kw_only=True)
class OutboxDepth:
    """What one relay has before it in one topic."""

    topic: str
    #: Its consumer ("relay:payments"); None for a topic that no relay has ever read.
    relay: str | None
    #: Messages not sent yet, letters left out; counted in the first 10,000 of each shard.
    pending: int
    #: Whether there may be more than these.
    at_least: bool
    #: Age in seconds of the first of them; 0 when there is none.
    oldest: float
    #: Letters by status; all of them.
    letters: Mapping[LetterStatus, int]


def outbox_depth(store: EventStore, *, at_most: int | None = None) -> list[OutboxDepth]:
    """What waits, by topic and relay; of the first `at_most` topics, if a number is given."""
    settled, database = store.settled(), store.database
    with database.reading() as connection:
        now = database.dialect.now(connection)
        found = cursors(connection, database.dialect, topics(connection, at_most))
        looking = _Looking(connection, settled, now)
        return [depth for topic in sorted(found)[:at_most] for depth in looking.at(found[topic])]


@frozen
class _Looking:
    connection: Connection
    settled: int
    now: datetime

    def at(self, of_topic: Cursors) -> list[OutboxDepth]:
        if not of_topic.rows:
            query = MessageQuery(topic=of_topic.topic)
            before = [backlog(self.connection, query, 0, self.settled)]
            return [self._depth(of_topic.topic, None, before)]
        by_relay: dict[str, list[Backlog]] = {relay: [] for relay in of_topic.relays}
        for row in of_topic.rows:
            by_relay[row.name].append(self._before(row))
        return [self._depth(of_topic.topic, r, before) for r, before in by_relay.items()]

    def _before(self, row: ConsumerRow) -> Backlog:
        return backlog(self.connection, query_of(row), row.position, self.settled)

    def _depth(self, topic: str, relay: str | None, before: list[Backlog]) -> OutboxDepth:
        since = [one.since for one in before if one.since is not None]
        counted = {} if relay is None else count_letters(self.connection, relay)
        return OutboxDepth(
            topic=topic,
            relay=relay,
            pending=sum(one.events for one in before),
            at_least=not all(one.exact for one in before),
            oldest=max(0.0, (self.now - min(since)).total_seconds()) if since else 0.0,
            letters={status: counted.get(status, 0) for status in LetterStatus},
        )
