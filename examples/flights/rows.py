"""The importer's own table: one row per flight, written in the transaction of its events."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, Engine, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from examples.flights.source import Flown


class Base(DeclarativeBase):
    """The program's own metadata; the library's tables are not in it."""


class Flight(Base):
    """What a departure board shows of a flight. Times are UTC."""

    __tablename__ = "demo_flights"

    flight: Mapped[str] = mapped_column(String(40), primary_key=True)
    carrier: Mapped[str] = mapped_column(String(2))
    #: The aircraft's stream: a tail number, or the stand-in for one that is not known.
    aircraft: Mapped[str] = mapped_column(String(60))
    origin: Mapped[str] = mapped_column(String(3))
    destination: Mapped[str] = mapped_column(String(3))
    departure: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str] = mapped_column(String(10))
    #: Of the arrival; absent when the flight was cancelled or diverted.
    minutes_late: Mapped[int | None]


def flight_row(flown: Flown, aircraft: str) -> Flight:
    """The row of a flight that is over."""
    return Flight(
        flight=flown.plan.flight,
        carrier=flown.plan.carrier,
        aircraft=aircraft,
        origin=flown.plan.origin,
        destination=flown.plan.destination,
        departure=flown.plan.departure,
        outcome=flown.outcome,
        minutes_late=flown.minutes_late,
    )


def create_tables(engine: Engine) -> None:
    """Create the program's tables, the board's as well, unless they are there."""
    Base.metadata.create_all(engine)
