"""The aggregate: one aircraft, and what it cannot do."""

from __future__ import annotations

from datetime import datetime

from attrs import define, field

from examples.flights.events import (
    AircraftEvent,
    Arrived,
    Cancelled,
    Departed,
    Diverted,
    Plan,
    Reassigned,
    Scheduled,
)
from sourcery import Aggregate


@define
class ImpossibleFlight(Exception):
    """What is reported of an aircraft cannot have happened."""

    aircraft: str
    flight: str
    problem: str

    def __str__(self) -> str:
        return f"{self.aircraft} cannot have flown {self.flight}: {self.problem}"


@define
class Aircraft(Aggregate[AircraftEvent], category="aircraft"):
    """An aircraft: the flights it shall fly, the one it is flying, those it is done with."""

    planned: dict[str, Plan] = field(factory=dict[str, Plan])
    flying: Plan | None = None
    done: set[str] = field(factory=set[str])
    #: When it last left the ground or came back to it.
    since: datetime | None = None

    def knows(self, flight: str) -> bool:
        """Whether the flight was ever scheduled on this aircraft."""
        return flight in self.planned or flight in self.done or self._is_flying(flight)

    def schedule(self, plan: Plan) -> None:
        """Plan a flight, once."""
        if self.knows(plan.flight):
            raise self._impossible(plan.flight, "it is scheduled already")
        if plan.arrival <= plan.departure:
            raise self._impossible(plan.flight, "the plan arrives before it departs")
        self.record(Scheduled(plan))

    def depart(self, flight: str, at: datetime) -> None:
        """Leave for a planned flight, from the ground."""
        plan = self._planned(flight)
        if self.flying is not None:
            raise self._impossible(flight, f"it is in the air as {self.flying.flight}")
        self._after_the_last(flight, at)
        self.record(Departed(flight, at, plan.minutes_late_departing(at)))

    def arrive(self, flight: str, at: datetime) -> None:
        """Reach the destination of the flight it is flying."""
        plan = self._in_the_air(flight)
        self._after_the_last(flight, at)
        self.record(Arrived(flight, at, plan.minutes_late_arriving(at)))

    def divert(self, flight: str, reached: datetime | None) -> None:
        """End the flight it is flying somewhere else."""
        self._in_the_air(flight)
        if reached is not None:
            self._after_the_last(flight, reached)
        self.record(Diverted(flight, reached))

    def cancel(self, flight: str) -> None:
        """Give up a flight that has not departed."""
        self._planned(flight)
        self.record(Cancelled(flight))

    def reassign(self, flight: str, reason: str) -> None:
        """Leave a flight that has not departed to another aircraft."""
        self._planned(flight)
        self.record(Reassigned(flight, reason))

    def apply(self, event: AircraftEvent) -> None:
        match event:
            case Scheduled(plan):
                self.planned[plan.flight] = plan
            case Departed(flight, at):
                self.flying = self.planned.pop(flight, None)
                self.since = at
            case Arrived(flight, at):
                self._land(flight, at)
            case Diverted(flight, reached):
                self._land(flight, reached)
            case Cancelled(flight) | Reassigned(flight):
                self.planned.pop(flight, None)
                self.done.add(flight)

    def _land(self, flight: str, at: datetime | None) -> None:
        self.flying = None
        self.since = at or self.since
        self.done.add(flight)

    def _is_flying(self, flight: str) -> bool:
        return self.flying is not None and self.flying.flight == flight

    def _planned(self, flight: str) -> Plan:
        if (plan := self.planned.get(flight)) is None:
            raise self._impossible(flight, "it is not planned, or not any more")
        return plan

    def _in_the_air(self, flight: str) -> Plan:
        if self.flying is None or self.flying.flight != flight:
            raise self._impossible(flight, "it has not departed for it")
        return self.flying

    def _after_the_last(self, flight: str, at: datetime) -> None:
        if self.since is not None and at <= self.since:
            problem = f"{at:%d %B %H:%M} UTC is not after {self.since:%d %B %H:%M}"
            raise self._impossible(flight, problem)

    def _impossible(self, flight: str, problem: str) -> ImpossibleFlight:
        return ImpossibleFlight(self.id, flight, problem)
