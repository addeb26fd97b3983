"""Clocks without a date become moments."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from examples.flights.source import Flown, next_time, read_flights
from tests.demo.conftest import at

NEW_YORK = ZoneInfo("America/New_York")


def find(flight: str) -> Flown:
    """The line of one flight."""
    return next(flown for flown in read_flights() if flown.plan.flight == flight)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("1000", at(15)),
        ("2359", datetime(2013, 2, 5, 4, 59, tzinfo=UTC)),
        ("2400", datetime(2013, 2, 5, 5, tzinfo=UTC)),
        ("5", datetime(2013, 2, 5, 5, 5, tzinfo=UTC)),
        ("700", at(12)),
        ("659", datetime(2013, 2, 5, 11, 59, tzinfo=UTC)),
        ("NA", None),
        ("", None),
    ],
)
def test_a_clock_is_the_next_time_it_shows_that(clock: str, expected: datetime | None) -> None:
    """From seven in the morning on, in New York; past midnight it is the next day."""
    assert expected == next_time(clock, NEW_YORK, at(12))


def test_an_arrival_is_in_the_time_zone_of_its_airport() -> None:
    """Honolulu, five hours behind: left 8:57, there 15:21, eleven hours and 24 minutes."""
    flown = find("HA51 JFK 2013-02-04")
    assert at(13, 57) == flown.departed
    assert datetime(2013, 2, 5, 1, 21, tzinfo=UTC) == flown.reached
    assert -19 == flown.minutes_late


def test_every_flight_has_a_name_of_its_own() -> None:
    """The name is what events, rows and messages find a flight by."""
    assert 6104 == len({flown.plan.flight for flown in read_flights()})


def test_all_flights_without_a_tail_number_were_cancelled() -> None:
    """So nothing is known to have happened to an aircraft without a name."""
    nameless = [flown for flown in read_flights() if flown.tail_number is None]
    assert (345, {"cancelled"}) == (len(nameless), {flown.outcome for flown in nameless})


def test_a_diverted_flight_may_have_reached_its_destination() -> None:
    """Nine of the sixteen did; none of them counts as an arrival."""
    diverted = [flown for flown in read_flights() if flown.outcome == "diverted"]
    assert (16, 9) == (len(diverted), sum(flown.reached is not None for flown in diverted))
    assert {None} == {flown.minutes_late for flown in diverted}
