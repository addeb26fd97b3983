"""The read model of a subscriber under fault, in tables of the application's own.

It is made to show every wrong: a row per event handled, and per stream a sum that is only ever
added to, the last version, and how often a version did not follow the one before.
"""

from collections.abc import Sequence
from typing import Any

from attrs import define, frozen
from sqlalchemy import Connection, Engine, String, case, insert, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sourcery import Aggregate, Recorded, UnitOfWork, event

#: Categories of their streams: most events are in the first, a process manager takes the second.
BUSY, CALM = "busy", "calm"


@event("fault.moved")
@frozen
class Moved:
    """What writers append, and subscribers sum up."""

    amount: int


@event("fault.mirrored")
@frozen
class Mirrored:
    """What a process manager appends for each of them, to a stream of its own."""

    amount: int


@define
class Mirror(Aggregate[Mirrored], category="mirror"):
    """The copy of one stream."""

    total: int = 0

    def move(self, amount: int) -> None:
        """Repeat what the stream did."""
        self.record(Mirrored(amount))

    def apply(self, event: Mirrored) -> None:
        """Evolve."""
        self.total += event.amount


class Base(DeclarativeBase):
    """Tables of the tests' own."""


class Applied(Base):
    """An event that was handled."""

    __tablename__ = "fault_applied"

    id: Mapped[int] = mapped_column(primary_key=True)
    consumer: Mapped[str] = mapped_column(String(50))
    event_id: Mapped[str] = mapped_column(String(36))


class Once(Base):
    """The same; the database refuses a second one."""

    __tablename__ = "fault_once"

    consumer: Mapped[str] = mapped_column(String(50), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(36), primary_key=True)


class Total(Base):
    """A stream as a consumer saw it."""

    __tablename__ = "fault_totals"

    consumer: Mapped[str] = mapped_column(String(50), primary_key=True)
    stream: Mapped[str] = mapped_column(String(50), primary_key=True)
    total: Mapped[int]
    #: Version of the last event, and how many did not follow their predecessor.
    last: Mapped[int]
    gaps: Mapped[int]


def make_tables(engine: Engine) -> None:
    """Create the application's tables."""
    Base.metadata.create_all(engine)


@frozen
class Model:
    """The read model of one consumer, as its handlers write it."""

    consumer: str
    #: Whether the database refuses a second row of an event.
    once: bool = True

    def each(self, uow: UnitOfWork, recorded: Recorded[Moved]) -> None:
        """Handle one event, through the unit's session."""
        uow.session.add(Applied(consumer=self.consumer, event_id=str(recorded.event_id)))
        if self.once:
            uow.session.add(Once(consumer=self.consumer, event_id=str(recorded.event_id)))
        uow.session.flush()
        self._add_up(uow.session.connection(), recorded)

    def batch(self, uow: UnitOfWork, page: Sequence[Recorded[Moved]]) -> None:
        """Handle a page, on the unit's connection."""
        connection = uow.session.connection()
        rows = [{"consumer": self.consumer, "event_id": str(each.event_id)} for each in page]
        connection.execute(insert(Applied), rows)
        if self.once:
            connection.execute(insert(Once), rows)
        for recorded in page:
            self._add_up(connection, recorded)

    def manager(self, uow: UnitOfWork, recorded: Recorded[Moved]) -> None:
        """Handle one event, and append one to another stream."""
        uow.get_or_create(Mirror, recorded.stream.id).move(recorded.event.amount)
        self.each(uow, recorded)

    def _add_up(self, connection: Connection, recorded: Recorded[Moved]) -> None:
        stream, version = recorded.stream.path, recorded.version
        mine = (Total.consumer == self.consumer) & (Total.stream == stream)
        values: dict[Any, Any] = {
            "total": Total.total + recorded.event.amount,
            "gaps": Total.gaps + case((Total.last == version - 1, 0), else_=1),
        }
        # MariaDB sets columns one after the other, so that `gaps` must see the old `last`
        ordered = (*values.items(), ("last", version))
        if connection.execute(update(Total).where(mine).ordered_values(*ordered)).rowcount == 0:
            first = {"total": recorded.event.amount, "last": version, "gaps": int(version != 1)}
            connection.execute(insert(Total).values(consumer=self.consumer, stream=stream, **first))
