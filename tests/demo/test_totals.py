"""Totals counted in the file are those that were counted by hand (with awk)."""

from pathlib import Path

import pytest
from attrs import evolve

from examples.flights.source import WEEK
from examples.flights.totals import Totals, differences, file_totals

COUNTED = {
    "HA": Totals(7, 0, 7, 0, 7, 1, departure_minutes=167, arrival_minutes=41),
    "F9": Totals(12, 1, 11, 0, 11, 1, departure_minutes=853, arrival_minutes=963),
    "AS": Totals(14, 2, 12, 0, 12, 0, departure_minutes=-18, arrival_minutes=-100),
}


@pytest.mark.parametrize("carrier", sorted(COUNTED))
def test_the_file_of_an_airline(carrier: str) -> None:
    """Three small airlines, every number."""
    assert COUNTED[carrier] == file_totals(WEEK)[carrier]


def test_the_whole_file() -> None:
    """The sums over all airlines."""
    airlines = file_totals(WEEK).values()
    assert (6104, 929) == (sum(a.flights for a in airlines), sum(a.cancelled for a in airlines))
    assert (16, 333) == (sum(a.diverted for a in airlines), sum(a.hour_late for a in airlines))


def test_equal_totals_have_no_differences(monday: Path) -> None:
    """The same file twice."""
    assert [] == list(differences(file_totals(monday), file_totals(monday)))


@pytest.mark.parametrize("name", [*Totals.__annotations__])
def test_each_number_is_compared(name: str) -> None:
    """One too many of anything is named."""
    more = evolve(COUNTED["HA"], **{name: getattr(COUNTED["HA"], name) + 1})
    (line,) = differences({"HA": COUNTED["HA"]}, {"HA": more})
    assert line.startswith(f"HA {name}: ")


def test_an_airline_that_is_absent_is_a_difference() -> None:
    """Whether the log or the file lacks it."""
    assert list(differences(COUNTED, {}))
    assert list(differences({}, COUNTED))
