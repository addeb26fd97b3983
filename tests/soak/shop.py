"""What all processes of the soak declare: purses with snapshots, and a row for each event."""

from __future__ import annotations

from typing import Any

from attrs import define
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, insert, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sourcery import (
    Aggregate,
    EventStore,
    Projection,
    ReadModel,
    Recorded,
    UnitOfWork,
    every,
)
from sourcery.read_models import Tables
from tests.faults import model
from tests.faults.model import Mirror, Moved

PURSE, TICK, PAID = "purse", "tick", "paid"


@define
class Purse(Aggregate[Moved], category=PURSE, snapshot=every(20)):
    """Money, and how often it moved: its version."""

    balance: int = 0
    moves: int = 0

    def move(self, amount: int) -> None:
        """Put in, or take out."""
        self.record(Moved(amount))

    def apply(self, event: Moved) -> None:
        """Evolve."""
        self.balance += event.amount
        self.moves += 1


@define
class Turnover(Projection[Moved], name="turnover", snapshot=every(500)):
    """All that moved, in any category."""

    events: int = 0
    total: int = 0

    def apply(self, recorded: Recorded[Moved]) -> None:
        """Evolve."""
        self.events += 1
        self.total += recorded.event.amount


class Base(DeclarativeBase):
    """Tables of the application's own."""


class Entry(Base):
    """What a unit of work writes beside each event of a purse, and beside its message."""

    __tablename__ = "soak_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    purse: Mapped[str] = mapped_column(String(50))
    version: Mapped[int]
    amount: Mapped[int]


#: The read model that is built anew and switched to, again and again.
SUMS = Table(
    "sums",
    MetaData(),
    Column("stream", String(50), primary_key=True),
    Column("total", Integer, nullable=False),
)


def add_up(uow: UnitOfWork, recorded: Recorded[Moved], tables: Tables) -> None:
    """Its handler."""
    table, amount = tables[SUMS], recorded.event.amount
    mine = table.c.stream == recorded.stream.path
    more: Any = update(table).where(mine).values(total=table.c.total + amount)
    if not uow.session.execute(more).rowcount:  # type: ignore[attr-defined]
        uow.session.execute(insert(table).values(stream=recorded.stream.path, total=amount))


def sums(store: EventStore, version: int) -> ReadModel:
    """One version of it."""
    return ReadModel(store, "sums", add_up, version=version, tables=[SUMS], events=Moved, lease=2.0)


def open_shop(url: str) -> EventStore:
    """The store, as each process of the application opens it."""
    return EventStore(url, aggregates=[Purse, Mirror], events=Moved)


def make_tables(engine: Engine) -> None:
    """Create the application's tables."""
    model.make_tables(engine)
    Base.metadata.create_all(engine)
