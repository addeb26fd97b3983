"""Import a week of flights and check the log against the file.

Run it again: it imports nothing twice, and goes on where an interrupted run stopped. The
exit status is 1 when log and file do not agree.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen
from rich.console import Console

from examples.flights.aircraft import Aircraft
from examples.flights.events import AircraftEvent, Reassigned
from examples.flights.importer import import_flights
from examples.flights.report import show_import, table
from examples.flights.rows import create_table
from examples.flights.source import WEEK, read_flights
from examples.flights.totals import differences, file_totals, log_totals
from sourcery import EventStore


@frozen
class Options:
    """The command line."""

    database: str
    flights: Path


def parse(arguments: Sequence[str] | None) -> Options:
    """Read the command line; exits with status 2 when it makes no sense."""
    parser = ArgumentParser(prog="python -m examples.flights", description=__doc__)
    parser.add_argument(
        "--database",
        default="sqlite:///flights.db",
        metavar="URL",
        help="SQLAlchemy URL; without it a file flights.db in this folder",
    )
    parser.add_argument(
        "--flights",
        default=WEEK,
        type=Path,
        metavar="FILE",
        help="another slice of the flights of 2013, as csv.gz",
    )
    parsed = parser.parse_args(arguments)
    return Options(parsed.database, parsed.flights)


def main(arguments: Sequence[str] | None = None) -> int:
    """Import, fold, compare, show; gives the exit status."""
    options = parse(arguments)
    with EventStore(options.database, aggregates=[Aircraft]) as store:
        store.upgrade()
        create_table(store.engine)
        return run(store, options.flights, Console(highlight=False))


def run(store: EventStore, path: Path, console: Console) -> int:
    """The program, on an open store."""
    flights = list(read_flights(path))
    done = show_import(console, import_flights(store, flights), len(flights))
    console.print(
        f"{done.written} flights imported, {done.known} were there already; "
        f"{done.messages} messages about late arrivals written",
        soft_wrap=True,
    )
    totals = log_totals(store.read(events=AircraftEvent))
    console.print(table(totals))
    for recorded in store.read(events=Reassigned):
        console.print(f"refused: {recorded.event.reason}", soft_wrap=True)
    wrong = list(differences(file_totals(path), totals))
    for line in wrong:
        console.print(f"DIFFERENT {line}", soft_wrap=True)
    if wrong:
        return 1
    console.print("The totals folded from the log are those of the file.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
