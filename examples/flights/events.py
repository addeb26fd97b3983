"""What happens to an aircraft. The tail number is the stream id, so no event repeats it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from sourcery import event

MINUTE: Final = timedelta(minutes=1)
#: In minutes: an arrival later than this is announced.
AN_HOUR: Final = 60


@frozen
class Plan:
    """A flight as the timetable has it. Times are UTC."""

    #: Airline and number, where it starts and on which local day: unique in the data.
    flight: str
    carrier: str
    origin: str
    destination: str
    departure: datetime
    arrival: datetime

    def minutes_late_departing(self, at: datetime) -> int:
        """Minutes after the planned departure; negative when early."""
        return (at - self.departure) // MINUTE

    def minutes_late_arriving(self, at: datetime) -> int:
        """Minutes after the planned arrival; negative when early."""
        return (at - self.arrival) // MINUTE


@event("aircraft.scheduled")
@frozen
class Scheduled:
    """The aircraft shall fly this plan."""

    plan: Plan


@event("aircraft.departed")
@frozen
class Departed:
    """The aircraft left the gate for this flight."""

    flight: str
    at: datetime
    minutes_late: int


@event("aircraft.arrived")
@frozen
class Arrived:
    """The flight reached its destination."""

    flight: str
    at: datetime
    minutes_late: int


@event("aircraft.diverted")
@frozen
class Diverted:
    """The flight landed somewhere else, or came back; the data does not say where or when.

    `reached` is when it came to its destination after all, if it did.
    """

    flight: str
    reached: datetime | None


@event("aircraft.cancelled")
@frozen
class Cancelled:
    """The flight never left."""

    flight: str


@event("aircraft.reassigned")
@frozen
class Reassigned:
    """Another aircraft flies the plan, because this one cannot."""

    flight: str
    reason: str


AircraftEvent = Scheduled | Departed | Arrived | Diverted | Cancelled | Reassigned
