"""From the file to the log: each aircraft's day in one transaction.

The events of the day, the rows of its flights and the messages that the store's mapping makes
are written together or not at all. So an aircraft that knows the first flight of a day knows
the whole day, and that is all there is to importing twice and to going on after a crash.
Two imports at once double nothing either: the one that comes second decides again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import partial

from attrs import define, frozen

from examples.flights.aircraft import Aircraft, ImpossibleFlight
from examples.flights.events import Plan
from examples.flights.rows import flight_row
from examples.flights.source import Flown
from sourcery import EventStore, UnitOfWork, transact


@frozen
class AircraftDay:
    """The flights of one aircraft on one local day: one unit of work."""

    day: date
    aircraft: str
    flights: tuple[Flown, ...]


@frozen
class Step:
    """Something an aircraft did, at its time."""

    at: datetime
    flight: str
    tell: Callable[[Aircraft], None]


@define
class Progress:
    """What an import did so far, in flights."""

    written: int = 0
    known: int = 0

    @property
    def flights(self) -> int:
        """All flights the import has looked at."""
        return self.written + self.known


def import_flights(store: EventStore, flights: Iterable[Flown]) -> Iterator[Progress]:
    """Import day by day, aircraft by aircraft; gives the progress after each transaction.

    Whoever stops iterating stops the import; another import goes on from there.
    """
    progress = Progress()
    for day in aircraft_days(flights):
        if transact(store, partial(import_day, day=day)).result:
            progress.written += len(day.flights)
        else:
            progress.known += len(day.flights)
        yield progress


def aircraft_days(flights: Iterable[Flown]) -> list[AircraftDay]:
    """The units of work, in order of time."""
    days: dict[tuple[date, str], list[Flown]] = defaultdict(list)
    for flown in flights:
        days[flown.day, flown.tail_number or stand_in(flown.plan)].append(flown)
    return [AircraftDay(*key, tuple(flights)) for key, flights in sorted(days.items())]


def stand_in(plan: Plan) -> str:
    """The stream of a flight whose aircraft is not known: it has one of its own."""
    return f"unknown aircraft of {plan.flight}"


def import_day(uow: UnitOfWork, day: AircraftDay) -> bool:
    """Write one day of an aircraft; whether it was not there."""
    aircraft = uow.get_or_create(Aircraft, day.aircraft)
    if aircraft.knows(day.flights[0].plan.flight):
        return False
    flown_by = fly(uow, aircraft, day.flights)
    uow.session.add_all(flight_row(f, flown_by[f.plan.flight].id) for f in day.flights)
    return True


def fly(uow: UnitOfWork, aircraft: Aircraft, flights: Iterable[Flown]) -> dict[str, Aircraft]:
    """Schedule the day, then tell it in order of time; gives who flew which flight.

    The file has aircraft that took off while they were in the air: its tail number is wrong
    there. The aggregate refuses; that flight was flown by an aircraft we do not know.
    """
    flights = list(flights)
    plans = {flown.plan.flight: flown.plan for flown in flights}
    flown_by = dict.fromkeys(plans, aircraft)
    for plan in plans.values():
        aircraft.schedule(plan)
    for step in sorted((s for flown in flights for s in steps(flown)), key=lambda s: s.at):
        try:
            step.tell(flown_by[step.flight])
        except ImpossibleFlight as impossible:
            aircraft.reassign(step.flight, str(impossible))
            flown_by[step.flight] = another(uow, plans[step.flight])
            step.tell(flown_by[step.flight])
    return flown_by


def another(uow: UnitOfWork, plan: Plan) -> Aircraft:
    """The unknown aircraft that flies the plan."""
    aircraft = uow.create(Aircraft, stand_in(plan))
    aircraft.schedule(plan)
    return aircraft


def steps(flown: Flown) -> Iterator[Step]:
    """What the file tells of a flight, as commands for its aircraft."""
    flight, reached = flown.plan.flight, flown.reached
    if flown.departed is None:
        yield Step(flown.plan.departure, flight, partial(Aircraft.cancel, flight=flight))
        return
    depart = partial(Aircraft.depart, flight=flight, at=flown.departed)
    yield Step(flown.departed, flight, depart)
    if flown.diverted:
        divert = partial(Aircraft.divert, flight=flight, reached=reached)
        yield Step(reached or flown.departed, flight, divert)
    elif reached is not None:
        yield Step(reached, flight, partial(Aircraft.arrive, flight=flight, at=reached))
