"""Slices, plans and other processes for the tests of the demo."""

import gzip
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from examples.flights.events import Plan
from examples.flights.source import WEEK

ROOT = Path(__file__).parents[2]


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the current folder, with the checkout to import from."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=env, check=False, capture_output=True, text=True, timeout=60)


def at(hour: int, minute: int = 0) -> datetime:
    """A time of 4 February 2013, UTC."""
    return datetime(2013, 2, 4, hour, minute, tzinfo=UTC)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run in, where the messages of a server's database go."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def plan() -> Plan:
    """A flight from ten to twelve."""
    return Plan("DL1 JFK 2013-02-04", "DL", "JFK", "ATL", at(10), at(12))


@pytest.fixture
def later() -> Plan:
    """A flight of the same day, from eleven to one."""
    return Plan("DL2 JFK 2013-02-04", "DL", "JFK", "ATL", at(11), at(13))


@pytest.fixture
def monday(tmp_path: Path) -> Path:
    """The slice's first day alone: 932 flights."""
    with gzip.open(WEEK, "rt", encoding="utf-8") as week:
        head, *lines = week
    path = tmp_path / "monday.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines([head, *(line for line in lines if line.startswith("2013,2,4,"))])
    return path
