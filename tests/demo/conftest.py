"""Slices and plans for the tests of the demo."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from examples.flights.events import Plan
from examples.flights.source import WEEK


def at(hour: int, minute: int = 0) -> datetime:
    """A time of 4 February 2013, UTC."""
    return datetime(2013, 2, 4, hour, minute, tzinfo=UTC)


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
