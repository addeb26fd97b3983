"""Import a week of flights while a board and a relay follow, and check all against the file.

The board is kept by a subscriber, messages about late arrivals are sent by a relay, each in a
process of its own. Run it again: it imports nothing twice, and goes on where an interrupted run
stopped, whichever process was. The exit status is 1 when board, log, messages and file do not
agree.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

from attrs import frozen
from rich.console import Console
from sqlalchemy.orm import Session

from examples.flights.aircraft import Aircraft
from examples.flights.board import NAME, keep_board, read_board
from examples.flights.events import AircraftEvent, Reassigned
from examples.flights.importer import Progress, import_flights
from examples.flights.late import Destination, announce, at_broker, beside, send_late
from examples.flights.process import process_of
from examples.flights.received import check
from examples.flights.report import table
from examples.flights.rows import create_tables
from examples.flights.show import Show
from examples.flights.source import WEEK, read_flights
from examples.flights.totals import ByCarrier, differences, file_totals, log_totals
from examples.flights.waiting import wait_for
from sourcery import EventStore
from sourcery.errors import ConfigurationError

AGREED = "The board, and the totals folded from the log, are those of the file."


@frozen
class Options:
    """The command line."""

    database: str
    flights: Path
    destination: Destination


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
    parser.add_argument(
        "--broker",
        metavar="URL",
        help="where messages go, say nats://localhost; without it a file beside the database",
    )
    parsed = parser.parse_args(arguments)
    try:
        destination = at_broker(parsed.broker) if parsed.broker else beside(parsed.database)
    except ConfigurationError as error:
        parser.error(str(error))
    return Options(parsed.database, parsed.flights, destination)


def main(arguments: Sequence[str] | None = None) -> int:
    """Import while the board and the relay follow, compare, show; gives the exit status."""
    options = parse(arguments)
    console = Console(highlight=False)
    with EventStore(options.database, aggregates=[Aircraft], messages=[announce]) as store:
        store.upgrade()
        create_tables(store.engine)
        with processes(options) as consumers:
            problem = run(store, options.flights, consumers, console)
        if problem:
            console.print(problem, soft_wrap=True)
            return 1
        return compare(store, options, console)


@contextmanager
def processes(options: Options) -> Generator[list[BaseProcess]]:
    """Run the board's subscriber and the relay beside the block."""
    database, destination = options.database, options.destination
    with (
        process_of(NAME, partial(keep_board, database)) as board,
        process_of(destination.consumer, partial(send_late, database, destination)) as relay,
    ):
        yield [board, relay]


def run(
    store: EventStore, path: Path, consumers: Iterable[BaseProcess], console: Console
) -> str | None:
    """Import, then wait until the consumers have done all of it; gives what kept them from that."""
    flights = list(read_flights(path))
    done = Progress()
    with Show(console, partial(board_now, store), len(flights)) as show:
        for done in import_flights(store, flights):
            show.update(done)
        everything, update = store.now(), partial(show.update, done)
        problems = [wait_for(store, everything, process, update) for process in consumers]
    console.print(
        f"{done.written} flights imported, {done.known} were there already", soft_wrap=True
    )
    return next(filter(None, problems), None)


def board_now(store: EventStore) -> ByCarrier:
    """The board's table, as any program may read it."""
    with Session(store.engine) as session:
        return read_board(session)


def compare(store: EventStore, options: Options, console: Console) -> int:
    """Hold board, log and messages against the file; gives the exit status."""
    board, file = board_now(store), file_totals(options.flights)
    console.print(table(board))
    for recorded in store.read(events=Reassigned):
        console.print(f"refused: {recorded.event.reason}", soft_wrap=True)
    log = log_totals(store.read(events=AircraftEvent))
    received = check(store, options.destination, options.flights)
    wrong = [*differences(file, board, "board"), *differences(file, log), *received.problems]
    for line in (received.summary, *(f"DIFFERENT {line}" for line in wrong)):
        console.print(line, soft_wrap=True)
    if wrong:
        return 1
    for line in (AGREED, received.verdict):
        console.print(line, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
