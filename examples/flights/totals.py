"""Totals per airline, twice: counted from the events, and counted in the file.

The two share no code. The events are counted by a fold of the log, and by the board. Their
minutes are differences between moments in UTC, which were made from clocks, dates and time
zones and then stored and read; the file's minutes are its delay columns, which nothing else in
this program reads.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from attrs import asdict, define

from examples.flights.events import (
    AN_HOUR,
    AircraftEvent,
    Arrived,
    Cancelled,
    Departed,
    Diverted,
    Reassigned,
    Scheduled,
)
from sourcery import Recorded


@define
class Totals:
    """Numbers of flights, and sums of minutes late (early ones count as negative)."""

    flights: int = 0
    cancelled: int = 0
    departed: int = 0
    diverted: int = 0
    arrived: int = 0
    hour_late: int = 0
    departure_minutes: int = 0
    arrival_minutes: int = 0


ByCarrier = dict[str, Totals]


def log_totals(log: Iterable[Recorded[AircraftEvent]]) -> ByCarrier:
    """Fold the events of all aircraft, in order of position."""
    totals: ByCarrier = defaultdict(Totals)
    #: Only the plan names the airline, and a plan comes before all else of its flight.
    airlines: dict[str, Totals] = {}
    for recorded in log:
        match recorded.event:
            case Scheduled(plan):
                flight = plan.flight
                airlines[flight] = totals[plan.carrier]
            case other:
                flight = other.flight
        count(airlines[flight], recorded.event)
    return dict(totals)


def count(airline: Totals, event: AircraftEvent) -> None:
    """Count one event of one of the airline's flights."""
    match event:
        case Scheduled():
            airline.flights += 1
        case Reassigned():  # scheduled again, on the other aircraft
            airline.flights -= 1
        case Departed(_, _, minutes):
            airline.departed += 1
            airline.departure_minutes += minutes
        case Arrived(_, _, minutes):
            airline.arrived += 1
            airline.arrival_minutes += minutes
            airline.hour_late += minutes > AN_HOUR
        case Diverted():
            airline.diverted += 1
        case Cancelled():
            airline.cancelled += 1


def file_totals(path: Path) -> ByCarrier:
    """Count in the file, by its own columns."""
    totals: ByCarrier = defaultdict(Totals)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            _count(totals[line["carrier"]], line["dep_delay"], line["arr_delay"])
    return dict(totals)


def _count(airline: Totals, departure_delay: str, arrival_delay: str) -> None:
    absent = ("", "NA")
    airline.flights += 1
    if departure_delay in absent:
        airline.cancelled += 1
        return
    airline.departed += 1
    airline.departure_minutes += int(departure_delay)
    if arrival_delay in absent:
        airline.diverted += 1
        return
    airline.arrived += 1
    airline.arrival_minutes += int(arrival_delay)
    airline.hour_late += int(arrival_delay) > AN_HOUR


def differences(file: ByCarrier, other: ByCarrier, where: str = "log") -> Iterator[str]:
    """One line for each number on which the file and, say, the log do not agree."""
    for carrier in sorted(file.keys() | other.keys()):
        counted = asdict(file.get(carrier, Totals()))
        found = asdict(other.get(carrier, Totals()))
        for name, number in counted.items():
            if found[name] != number:
                yield f"{carrier} {name}: {number} in the file, {found[name]} in the {where}"
