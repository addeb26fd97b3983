"""Totals per airline, twice: folded from the log, and counted in the file.

The two share no code. The log's minutes are differences between moments in UTC, which were
made from clocks, dates and time zones and then stored and read; the file's minutes are its
delay columns, which nothing else in this program reads.
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
    airline: dict[str, Totals] = defaultdict(Totals)
    for recorded in log:
        match recorded.event:
            case Scheduled(plan):
                airline[plan.flight] = totals[plan.carrier]
                airline[plan.flight].flights += 1
            case Reassigned(flight):  # scheduled again, on the other aircraft
                airline[flight].flights -= 1
            case Departed(flight, _, minutes):
                airline[flight].departed += 1
                airline[flight].departure_minutes += minutes
            case Arrived(flight, _, minutes):
                airline[flight].arrived += 1
                airline[flight].arrival_minutes += minutes
                airline[flight].hour_late += minutes > AN_HOUR
            case Diverted(flight):
                airline[flight].diverted += 1
            case Cancelled(flight):
                airline[flight].cancelled += 1
    return dict(totals)


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


def differences(file: ByCarrier, log: ByCarrier) -> Iterator[str]:
    """One line for each number on which the two do not agree."""
    for carrier in sorted(file.keys() | log.keys()):
        counted = asdict(file.get(carrier, Totals()))
        folded = asdict(log.get(carrier, Totals()))
        for name, number in counted.items():
            if folded[name] != number:
                yield f"{carrier} {name}: {number} in the file, {folded[name]} in the log"
