"""A read model that shows what was handled twice, and out of order."""

from collections import Counter
from typing import Any

from attrs import frozen
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from sourcery import EventStore, Recorded, UnitOfWork
from sourcery.testing.conformance.happened import Happened

#: A row per event; two of one event are not refused, but counted. Its id says the order.
seen: Any = Table(
    "shard_seen",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("event_id", String(36), nullable=False),
    Column("stream", String(50), nullable=False),
    Column("version", Integer, nullable=False),
)


def make_tables(store: EventStore) -> None:
    """Create the application's table."""
    seen.create(store.engine)


def see(uow: UnitOfWork, recorded: Recorded[Happened]) -> None:
    """Handle one event."""
    values = {"event_id": str(recorded.event_id), "stream": recorded.stream.id}
    uow.session.execute(insert(seen).values(version=recorded.version, **values))


@frozen(kw_only=True)
class Outcome:
    """The read model held against the log."""

    events: int
    lost: int
    doubled: int
    #: Events that came after a later one of their stream.
    inverted: int

    @property
    def faults(self) -> dict[str, int]:
        """Every kind of fault that occurred."""
        found = {"lost": self.lost, "doubled": self.doubled, "inverted": self.inverted}
        return {kind: count for kind, count in found.items() if count}


def outcome_of(store: EventStore) -> Outcome:
    """Compare the read model with the whole log."""
    with store.engine.connect() as connection:  # first: it may be looked at while others write
        rows = connection.execute(select(seen).order_by(seen.c.id)).all()
    ids = [str(recorded.event_id) for recorded in store.read(events=Happened)]
    times = Counter(row.event_id for row in rows)
    assert times.keys() <= set(ids), "the read model has events that the log has not"
    last: dict[str, int] = {}
    inverted = 0
    for row in rows:
        inverted += row.version < last.get(row.stream, 0)
        last[row.stream] = max(row.version, last.get(row.stream, 0))
    lost = len(ids) - len(times)
    return Outcome(events=len(ids), lost=lost, doubled=len(rows) - len(times), inverted=inverted)
