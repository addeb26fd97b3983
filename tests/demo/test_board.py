"""The board's table is what the file says, whatever the pages are and whoever is killed."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import text

from examples.flights.__main__ import AGREED, board_now, main
from examples.flights.aircraft import Aircraft
from examples.flights.board import NAME, keep, subscriber
from examples.flights.events import AircraftEvent
from examples.flights.importer import Progress, import_flights
from examples.flights.rows import create_tables
from examples.flights.show import Show
from examples.flights.source import read_flights
from examples.flights.totals import file_totals
from sourcery import EventStore, Subscriber
from tests.databases import Database
from tests.demo.conftest import run_python


@pytest.fixture
def imported(store: EventStore, monday: Path) -> EventStore:
    """A store with the flights of the slice's first day, and an empty board."""
    with EventStore(store.engine, aggregates=[Aircraft]) as flights:
        create_tables(flights.engine)
        assert 932 == [*import_flights(flights, read_flights(monday))][-1].written
    return store


@pytest.mark.promise(21)
@pytest.mark.parametrize("page", [7, 500])
def test_pages_of_any_size_give_the_same_board(
    imported: EventStore, monday: Path, page: int
) -> None:
    """A flight's airline is known on the pages after the one with its plan."""
    Subscriber(imported, NAME, keep, events=AircraftEvent, batch=True, page=page).drain(60)
    assert file_totals(monday) == board_now(imported)


@pytest.mark.promise(21)
def test_a_board_that_goes_on_counts_nothing_twice(imported: EventStore, monday: Path) -> None:
    """Another subscriber of its name begins where the one before stopped."""
    assert 0 < subscriber(imported).run_once() < subscriber(imported).drain(60)
    assert 0 == subscriber(imported).drain(60)
    assert file_totals(monday) == board_now(imported)


KILLED = """
import multiprocessing, os, signal, sys
from examples.flights import __main__ as demo
from tests.ordering.support import wait_until

class Killer(demo.Show):
    def update(self, done):
        pids = {child.name: child.pid for child in multiprocessing.active_children()}
        if done.flights > 200 and len(pids) == 2:
            file = demo.parse(sys.argv[2:]).destination.file
            wait_until(lambda: self._read() and file.exists())
            os.kill(pids.get(sys.argv[1], os.getpid()), signal.SIGKILL)
        super().update(done)

demo.Show = Killer
sys.exit(demo.main(sys.argv[2:]))
"""


@pytest.mark.promise(21)
@pytest.mark.promise(38)
@pytest.mark.promise(41)
@pytest.mark.parametrize("victim", ["importer", "board", "relay:late-arrivals"])
def test_whichever_process_is_killed_the_next_run_goes_on(
    database: Database,
    monday: Path,
    victim: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Killed while board and relay follow the import. The output ends, so no process is left."""
    url = database.url.render_as_string(hide_password=False)
    options = ["--database", url, "--flights", str(monday)]
    dead = run_python("-c", KILLED, victim, *options)
    assert (-9 if victim == "importer" else 1) == dead.returncode, dead.stderr
    assert ("Run this again" in dead.stdout) == (victim != "importer")
    assert 0 == main(options)
    assert AGREED in capsys.readouterr().out


@pytest.mark.databases("sqlite")
def test_a_board_that_was_tampered_with_is_noticed(
    database: Database, monday: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One arrival more, and the exit status is 1 and the airline is named."""
    url = database.url.render_as_string(hide_password=False)
    options = ["--database", url, "--flights", str(monday)]
    assert 0 == main(options)
    with EventStore(url) as store, store.engine.begin() as connection:
        one = "update demo_board set arrived = arrived + 1 where carrier = 'HA'"
        connection.execute(text(one))
    assert 1 == main(options)
    assert "DIFFERENT HA arrived: 1 in the file, 2 in the board" in capsys.readouterr().out


@pytest.mark.parametrize("terminal", [True, False])
def test_the_board_is_shown_while_it_changes(monday: Path, *, terminal: bool) -> None:
    """As a table on a terminal, as a line elsewhere."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=terminal, width=100)
    with Show(console, lambda: file_totals(monday), 932) as show:
        show.update(Progress(written=5, known=2))
    shown = screen.getvalue()
    assert terminal == ("Hawaiian Airlines Inc." in shown)
    assert terminal != ("7 of 932 flights imported, 932 on the board" in shown)
