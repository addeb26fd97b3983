"""How far the relays of each topic are."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen
from sqlalchemy import Connection

from sourcery.consumers import OUTBOX, ConsumerRow, all_rows
from sourcery.consumers.filters import topic_of
from sourcery.dialects import Dialect


@frozen
class Cursors:
    """The relays of one topic: the rows of all their shards."""

    topic: str
    rows: list[ConsumerRow] = field(factory=list[ConsumerRow])

    @property
    def relays(self) -> list[str]:
        """Names of their consumers."""
        return sorted({row.name for row in self.rows})

    @property
    def floor(self) -> int:
        """The position that all of them have passed; 0 when there are none."""
        return min((row.position for row in self.rows), default=0)


def cursors(
    connection: Connection, dialect: Dialect, topics: Iterable[str] = ()
) -> dict[str, Cursors]:
    """Those of these topics, and of all others that a relay has read."""
    found = {topic: Cursors(topic) for topic in topics}
    for row in all_rows(connection, dialect):
        if row.log == OUTBOX:
            topic = topic_of(row)
            found.setdefault(topic, Cursors(topic)).rows.append(row)
    return found
