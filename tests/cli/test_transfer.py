"""`export` and `import`."""

import json
from pathlib import Path

import pytest

from sourcery import EventStore
from tests.cli.support import Shell
from tests.control.support import deposits
from tests.databases import Database
from tests.domain import ADA, BOB


@pytest.fixture
def full(bank: EventStore, shell: Shell) -> Shell:
    """A shell on a database with five events."""
    deposits(bank, ADA, 3)
    deposits(bank, BOB, 2)
    return shell


@pytest.fixture
def other(empty_database: Database) -> Shell:
    """A shell on another database."""
    shell = Shell(empty_database.url.render_as_string(hide_password=False))
    shell.run("upgrade")
    return shell


def test_a_log_moves_to_another_database(full: Shell, other: Shell, tmp_path: Path) -> None:
    """And again, which changes nothing."""
    assert "5 events up to position 5 are exported" in full.run("export", "log.jsonl").stderr
    assert ["log.jsonl"] == [path.name for path in tmp_path.iterdir()]
    said = other.run("import", "log.jsonl", input="n\n", code=1).stderr
    assert "import log.jsonl into" in said
    assert "" == other.text("tail")
    assert {"read": 5, "written": 5} == other.json("import", "log.jsonl", "--yes")
    assert "0 events are imported, 5 were there" in other.text("import", "log.jsonl", "--yes")
    first = [full.json("event", "show", n)["event_id"] for n in (1, 5)]
    assert first == [other.json("event", "show", n)["event_id"] for n in (1, 5)]


def test_an_export_goes_to_the_output(full: Shell) -> None:
    """And nothing else does."""
    lines = full.text("export", "-", "--category", "account", "--after", 1, "--to", 3).splitlines()
    assert [1, 2, 3, 2] == [
        json.loads(lines[0])["after"],
        *[json.loads(line)["position"] for line in lines[1:-1]],
        json.loads(lines[-1])["events"],
    ]


def test_a_damaged_file_is_refused(full: Shell, other: Shell) -> None:
    """With its line, and nothing is written."""
    full.run("export", "log.jsonl")
    path = Path("log.jsonl")
    path.write_bytes(path.read_bytes()[:-10])
    error = other.error("import", "log.jsonl", "--yes")
    assert "line 7 of the export" in error
    assert "" == other.text("tail")
    assert "does not exist" in other.error("import", "missing.jsonl", code=2)


def test_a_killed_export_leaves_no_file_of_its_name(full: Shell) -> None:
    """It is there when it is whole."""
    full.error("export", "log.jsonl", "--category", "")
    assert not Path("log.jsonl").exists()
