"""Reads the file: who flew what, and when in the world that was.

Every moment comes from the clocks in the file (`dep_time`, `arr_time`: local, HHMM, without
a date) and the time zones of the airports. The file's own delay columns are not read here:
they are kept for the check in `totals`.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from attrs import frozen

from examples.flights.events import Plan

DATA: Final = Path(__file__).with_name("data")
WEEK: Final = DATA / "week.csv.gz"

#: The clock of a departure has no date. No flight of the year left its gate more than 43
#: minutes early or 21 hours and 41 minutes late, so a day's span from here is unambiguous.
EARLIEST: Final = timedelta(hours=2)

Row = dict[str, str]


@frozen
class Flown:
    """One line of the file: the plan, and what became of it."""

    day: date
    plan: Plan
    #: None when the file does not know the aircraft.
    tail_number: str | None
    #: None when the flight was cancelled.
    departed: datetime | None
    #: When it reached its destination, if it did.
    reached: datetime | None
    diverted: bool

    @property
    def outcome(self) -> str:
        """How it ended, in one word."""
        if self.departed is None:
            return "cancelled"
        return "diverted" if self.diverted else "arrived"

    @property
    def minutes_late(self) -> int | None:
        """Minutes after the planned arrival, for a flight that arrived as planned."""
        if self.reached is None or self.diverted:
            return None
        return self.plan.minutes_late_arriving(self.reached)


def read_rows(path: Path) -> Iterator[Row]:
    """The lines of a slice as they are; an absent value is an empty string or NA."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def time_zones() -> dict[str, ZoneInfo]:
    """The time zone of each airport of the slice."""
    with (DATA / "airports.csv").open(encoding="utf-8", newline="") as file:
        return {row["faa"]: ZoneInfo(row["tzone"]) for row in csv.DictReader(file)}


def carrier_names() -> dict[str, str]:
    """The names of the airlines, by code."""
    with (DATA / "airlines.csv").open(encoding="utf-8", newline="") as file:
        return {row["carrier"]: row["name"] for row in csv.DictReader(file)}


def read_flights(path: Path = WEEK) -> Iterator[Flown]:
    """Every flight of a slice, in the order of the file."""
    zones = time_zones()
    for row in read_rows(path):
        yield flown(row, zones[row["origin"]], zones[row["dest"]])


def flown(row: Row, here: ZoneInfo, there: ZoneInfo) -> Flown:
    """Make sense of a line."""
    day = date(int(row["year"]), int(row["month"]), int(row["day"]))
    plan = _plan(row, day, here, there)
    departed = next_time(row["dep_time"], here, plan.departure - EARLIEST)
    reached = departed and next_time(row["arr_time"], there, departed)
    # The airlines report no time in the air for a flight that landed elsewhere first.
    diverted = departed is not None and not _text(row["air_time"])
    return Flown(day, plan, _text(row["tailnum"]), departed, reached, diverted)


def _plan(row: Row, day: date, here: ZoneInfo, there: ZoneInfo) -> Plan:
    midnight = datetime.combine(day, time(0), here).astimezone(UTC)
    departure = _present(next_time(row["sched_dep_time"], here, midnight))
    return Plan(
        flight=f"{row['carrier']}{row['flight']} {row['origin']} {day}",
        carrier=row["carrier"],
        origin=row["origin"],
        destination=row["dest"],
        departure=departure,
        arrival=_present(next_time(row["sched_arr_time"], there, departure)),
    )


def next_time(hhmm: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first moment, `after` or later, when clocks in the zone show HHMM; in UTC.

    2400 is midnight. None when the file has no time there.
    """
    if (clock := _text(hhmm)) is None:
        return None
    hour, minute = divmod(int(clock), 100)
    local = datetime.combine(after.astimezone(zone), time(hour % 24, minute), zone)
    while (moment := local.astimezone(UTC)) < after:
        local += timedelta(days=1)
    return moment


def _text(value: str) -> str | None:
    return None if value in ("", "NA") else value


def _present(moment: datetime | None) -> datetime:
    if moment is None:
        raise ValueError("a flight in the file has no scheduled time")
    return moment
