"""The board: how punctual each airline is, kept in a table of its own by a subscriber.

It knows of the flights what the log tells, and reads nothing else: neither the importer's rows
nor the file. Its rows and its checkpoint commit together, so whatever is killed when, no event
is missing in the table and none is counted twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from threading import Event
from typing import Final

from attrs import asdict
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from examples.flights.events import AircraftEvent, Scheduled
from examples.flights.rows import Base
from examples.flights.totals import ByCarrier, Totals, count
from sourcery import EventStore, Recorded, Subscriber, UnitOfWork

#: The consumer's name. Its checkpoint is stored under it.
NAME: Final = "board"
#: Seconds after which another process may go on for one that was killed.
LEASE: Final = 3.0


class Line(Base):
    """One airline; the columns are those of `Totals`."""

    __tablename__ = "demo_board"

    carrier: Mapped[str] = mapped_column(String(2), primary_key=True)
    flights: Mapped[int]
    cancelled: Mapped[int]
    departed: Mapped[int]
    diverted: Mapped[int]
    arrived: Mapped[int]
    hour_late: Mapped[int]
    departure_minutes: Mapped[int]
    arrival_minutes: Mapped[int]


class Airline(Base):
    """Whose flight it is: only the plan says so, the events after it do not."""

    __tablename__ = "demo_board_flights"

    flight: Mapped[str] = mapped_column(String(40), primary_key=True)
    carrier: Mapped[str] = mapped_column(String(2))


def subscriber(store: EventStore) -> Subscriber:
    """The consumer that keeps the board, a page at a time."""
    return Subscriber(store, NAME, keep, events=AircraftEvent, batch=True, lease=LEASE)


def keep_board(database: str, stop: Event) -> None:
    """What the board's process does: follow the log until it is told to stop."""
    with EventStore(database, events=AircraftEvent) as store:
        subscriber(store).run(stop)


def keep(uow: UnitOfWork, page: Sequence[Recorded[AircraftEvent]]) -> None:
    """Count the events of a page; commits with the checkpoint."""
    session = uow.session
    airlines = _airlines(session, {_flight(recorded.event) for recorded in page})
    totals = defaultdict(Totals, read_board(session))
    for recorded in page:
        flight = _flight(recorded.event)
        if isinstance(recorded.event, Scheduled) and flight not in airlines:
            airlines[flight] = recorded.event.plan.carrier
            session.add(Airline(flight=flight, carrier=airlines[flight]))
        count(totals[airlines[flight]], recorded.event)
    for carrier, airline in totals.items():
        session.merge(Line(carrier=carrier, **asdict(airline)))


def read_board(session: Session) -> ByCarrier:
    """The table as it is."""
    return {line.carrier: _totals(line) for line in session.scalars(select(Line))}


def _flight(event: AircraftEvent) -> str:
    return event.plan.flight if isinstance(event, Scheduled) else event.flight


def _airlines(session: Session, flights: Iterable[str]) -> dict[str, str]:
    """The airlines of those flights that were on an earlier page."""
    known = select(Airline.flight, Airline.carrier).where(Airline.flight.in_(flights))
    return {row.flight: row.carrier for row in session.execute(known)}


def _totals(line: Line) -> Totals:
    return Totals(**{name: getattr(line, name) for name in Totals.__annotations__})
