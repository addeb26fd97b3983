"""Import a week of flights while a board follows, and check both against the file.

The board is kept by a subscriber in another process. Run it again: it imports nothing twice,
and goes on where an interrupted run stopped, whichever process was. The exit status is 1 when
board, log and file do not agree.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

from attrs import frozen
from rich.console import Console
from sqlalchemy.orm import Session

from examples.flights.aircraft import Aircraft
from examples.flights.board import read_board
from examples.flights.events import AircraftEvent, Reassigned
from examples.flights.importer import Progress, import_flights
from examples.flights.process import board_process, has_reached
from examples.flights.report import table
from examples.flights.rows import create_tables
from examples.flights.show import Show
from examples.flights.source import WEEK, read_flights
from examples.flights.totals import ByCarrier, differences, file_totals, log_totals
from sourcery import EventStore
from sourcery.errors import ConsumerFailed


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
    """Import while the board follows, compare, show; gives the exit status."""
    options = parse(arguments)
    console = Console(highlight=False)
    with EventStore(options.database, aggregates=[Aircraft]) as store:
        store.upgrade()
        create_tables(store.engine)
        with board_process(options.database) as board:
            problem = run(store, options.flights, board, console)
        if problem:
            console.print(problem, soft_wrap=True)
            return 1
        return compare(store, options.flights, console)


def run(store: EventStore, path: Path, board: BaseProcess, console: Console) -> str | None:
    """Import, then wait until the board shows all of it; gives what kept it from that."""
    flights = list(read_flights(path))
    done = Progress()
    with Show(console, partial(board_now, store), len(flights)) as show:
        for done in import_flights(store, flights):
            show.update(done)
        everything = store.now()
        try:
            while (reached := has_reached(store, everything, board)) is False:
                show.update(done)
        except ConsumerFailed as failure:
            return str(failure)
    console.print(
        f"{done.written} flights imported, {done.known} were there already; "
        f"{done.messages} messages about late arrivals written",
        soft_wrap=True,
    )
    return None if reached else "The board's process has ended. Run this again: it goes on."


def board_now(store: EventStore) -> ByCarrier:
    """The board's table, as any program may read it."""
    with Session(store.engine) as session:
        return read_board(session)


def compare(store: EventStore, path: Path, console: Console) -> int:
    """Hold the board, and a fold of the log, against the file; gives the exit status."""
    board, file = board_now(store), file_totals(path)
    console.print(table(board))
    for recorded in store.read(events=Reassigned):
        console.print(f"refused: {recorded.event.reason}", soft_wrap=True)
    log = log_totals(store.read(events=AircraftEvent))
    wrong = [*differences(file, board, "board"), *differences(file, log)]
    for line in wrong:
        console.print(f"DIFFERENT {line}", soft_wrap=True)
    if wrong:
        return 1
    console.print("The board, and the totals folded from the log, are those of the file.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
