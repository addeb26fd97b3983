"""The program, as its users run it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from examples.flights.__main__ import AGREED, main
from examples.flights.aircraft import Aircraft
from examples.flights.importer import import_flights
from examples.flights.late import announce
from examples.flights.rows import create_tables
from examples.flights.source import read_flights
from sourcery import EventStore
from sourcery.errors import StreamDamaged
from tests.databases import Database
from tests.demo.conftest import run_python


def count(url: str, what: str) -> int:
    """A number from the database itself."""
    engine = create_engine(url)
    with engine.connect() as connection:
        number = connection.execute(text(f"select count(*) from {what}")).scalar_one()
    engine.dispose()
    return int(number)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A new SQLite file."""
    return f"sqlite:///{tmp_path / 'flights.db'}"


@pytest.mark.promise(5)
def test_the_week_on_every_database(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """Log, rows and messages say the same as the file; a second run writes nothing."""
    url = database.url.render_as_string(hide_password=False)
    for written, known in ((6104, 0), (0, 6104)):
        assert 0 == main(["--database", url])
        shown = capsys.readouterr().out
        assert f"{written} flights imported, {known} were there already" in shown
        assert AGREED in shown
        assert "333 late arrivals in " in shown
        assert ".late.jsonl, 0 duplicates" in shown
        assert 3 == shown.count("refused: ")
        assert 333 == count(url, "sourcery_outbox where topic = 'late-arrivals'")
        assert 6104 == count(url, "demo_flights")
        assert 929 == count(url, "demo_flights where outcome = 'cancelled'")
        assert 333 == count(url, "demo_flights where minutes_late > 60")


def test_a_run_without_options_makes_a_file_here(tmp_path: Path, monday: Path) -> None:
    """Database and messages are in the current folder; the table names the airlines."""
    done = run_python("-m", "examples.flights", "--flights", str(monday))
    assert (0, "") == (done.returncode, done.stderr)
    assert (tmp_path / "flights.db").exists()
    assert (tmp_path / "flights.late.jsonl").exists()
    assert "Hawaiian Airlines Inc." in done.stdout
    assert AGREED in done.stdout


def test_an_interrupted_run_goes_on(
    url: str, monday: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was committed before the interruption is there already, the rest is not lost."""
    with EventStore(url, aggregates=[Aircraft], messages=[announce]) as store:
        store.upgrade()
        create_tables(store.engine)
        progress = import_flights(store, read_flights(monday))
        before = [next(progress).flights for _ in range(100)][-1]
    assert 0 == main(["--database", url, "--flights", str(monday)])
    assert f"{932 - before} flights imported, {before} were there" in capsys.readouterr().out


@pytest.mark.promise(3)
def test_two_imports_at_once_write_each_flight_once(database: Database, monday: Path) -> None:
    """Both decide for the same aircraft; the one that comes second decides again."""
    url = database.url.render_as_string(hide_password=False)
    with EventStore(url, aggregates=[Aircraft]) as store:
        store.upgrade()
        create_tables(store.engine)
        with ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(list, import_flights(store, read_flights(monday))) for _ in "ab"]
            written = [run.result()[-1].written for run in runs]
    assert 932 == count(url, "demo_flights")
    assert 932 == sum(written)


KILLED = """
import os, signal, sys
from examples.flights import __main__ as demo
from examples.flights.late import Arrived, outgoing

written = 0
announce = demo.announce

@outgoing(Arrived)
def killed(event, stream):
    global written
    message = announce(event, stream)
    written += message is not None
    if written == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return message

demo.announce = killed
demo.main(sys.argv[1:])
"""


@pytest.mark.promise(5)
def test_a_killed_run_leaves_whole_days(
    url: str, monday: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed after its fifth message, inside the unit of work: it left nothing."""
    options = ["--database", url, "--flights", str(monday)]
    assert -9 == run_python("-c", KILLED, *options).returncode
    assert 4 == count(url, "sourcery_outbox")
    assert 4 == count(url, "demo_flights where minutes_late > 60")
    assert 0 == main(options)
    assert AGREED in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["arrived", "cancelled", "diverted"])
def test_a_log_that_was_tampered_with_is_noticed(
    url: str, monday: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last event less, of any kind of an aircraft: exit status 1, and the airline is named."""
    options = ["--database", url, "--flights", str(monday)]
    main(options)
    delete_one(url, kind, "not exists")
    assert 1 == main(options)
    assert "DIFFERENT" in capsys.readouterr().out


def test_an_aircraft_of_which_a_part_is_missing_flies_no_more(url: str, monday: Path) -> None:
    """Its decisions would be made without that part."""
    options = ["--database", url, "--flights", str(monday)]
    main(options)
    delete_one(url, "departed", "exists")
    with pytest.raises(StreamDamaged):
        main(options)


def delete_one(url: str, kind: str, later: str) -> None:
    """Take an event away after which there are, or are not, later ones in its stream."""
    engine = create_engine(url)
    with engine.begin() as connection:
        one = connection.scalar(
            text(
                f"select max(position) from sourcery_events e where kind = 'aircraft.{kind}' and "
                f"{later} (select 1 from sourcery_events l where l.category = e.category "
                "and l.stream_id = e.stream_id and l.version > e.version)"
            )
        )
        assert one, f"no {kind} like that in the file"
        connection.execute(text(f"delete from sourcery_events where position = {one}"))
    engine.dispose()
