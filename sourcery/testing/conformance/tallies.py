"""A tally whose snapshots are taken as a test says, and a look at what is stored of it."""

# It reaches inside, to look or to switch a safeguard off.
# pyright: reportPrivateUsage=false

from typing import Any

import pytest
from attrs import define, field, frozen
from sqlalchemy import select, update

from sourcery import Aggregate, EventStore, Policy, UnitOfWork, event
from sourcery.schema import snapshots
from sourcery.snapshots.packing import Packing


@event("tally.added")
@frozen
class Added:
    """So much more."""

    amount: int


@event("tally.cleared")
@frozen
class Cleared:
    """Back to nothing."""


TallyEvent = Added | Cleared


def tally(policy: Policy | None = None, version: int = 1) -> type[Any]:
    """A class for the streams of tallies; all that are made here have one shape."""

    @define
    class Tally(Aggregate[TallyEvent], category="tally", snapshot=policy, snapshot_version=version):
        total: int = 0
        amounts: list[int] = field(factory=list[int])

        def apply(self, event: TallyEvent) -> None:
            match event:
                case Added(amount):
                    self.total += amount
                    self.amounts.append(amount)
                case Cleared():
                    self.total = 0

    return Tally


def work(store: EventStore, cls: type[Any], *events: object, id: str = "t") -> Any:
    """Record events in one unit of work; numbers are amounts. The aggregate it left."""
    with UnitOfWork(store) as uow:
        found = uow.get_or_create(cls, id)
        for each in events:
            found.record(Added(each) if isinstance(each, int) else each)
    return found


def rows(store: EventStore, *columns: str) -> list[tuple[Any, ...]]:
    """These columns of all stored snapshots, in the order of their keys."""
    c = snapshots.c
    query = select(*[c[name] for name in columns])
    with store.database.reading() as connection:
        found = connection.execute(query.order_by(c.owner_kind, c.owner_id, c.schema_tag))
        return [tuple(row) for row in found]


def kept(store: EventStore) -> list[int]:
    """The versions of all stored snapshots."""
    return [version for (version,) in rows(store, "version")]


def set_in_all(store: EventStore, **values: Any) -> None:
    """Change stored snapshots by hand."""
    with store.engine.connect() as connection:
        connection.execute(update(snapshots).values(**values))
        connection.commit()


class Counted(Packing):
    """Packs as ever, and remembers how often."""

    def __init__(self) -> None:
        super().__init__()
        self.packed: int = 0
        self.unpacked: int = 0

    def pack(self, state: object) -> tuple[str, bytes]:
        self.packed += 1
        return super().pack(state)

    def unpack(self, cls: type[Any], codec: str, data: bytes) -> Any:
        self.unpacked += 1
        return super().unpack(cls, codec, data)


def counting(store: EventStore) -> Counted:
    """Count what this store packs from now on."""
    counted = Counted()
    store.keeper._packing = counted
    return counted


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was said of snapshots."""
    messages = [
        record.getMessage() for record in caplog.records if record.name.startswith("sourcery.")
    ]
    return [message for message in messages if "snapshot" in message or "state" in message]
