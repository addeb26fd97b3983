"""What an aircraft does, and what it refuses because it cannot happen."""

import pytest

from examples.flights.aircraft import Aircraft, ImpossibleFlight
from examples.flights.events import (
    AircraftEvent,
    Arrived,
    Cancelled,
    Departed,
    Diverted,
    Plan,
    Reassigned,
    Scheduled,
)
from sourcery.aggregate import recorded_by, restore
from tests.demo.conftest import at


def after(*events: AircraftEvent) -> Aircraft:
    """An aircraft to which this has happened."""
    aircraft = restore(Aircraft, "N12345")
    for event in events:
        aircraft.apply(event)
    return aircraft


def recorded(aircraft: Aircraft) -> list[AircraftEvent]:
    """What it decided since."""
    return [event for event, _ in recorded_by(aircraft)]


def test_a_flight_from_plan_to_arrival(plan: Plan) -> None:
    """A minute early at the gate, two minutes late at the end."""
    aircraft = after()
    aircraft.schedule(plan)
    aircraft.depart(plan.flight, at(9, 59))
    aircraft.arrive(plan.flight, at(12, 2))
    departed = Departed(plan.flight, at(9, 59), -1)
    assert [Scheduled(plan), departed, Arrived(plan.flight, at(12, 2), 2)] == recorded(aircraft)


def test_a_cancelled_flight_is_over(plan: Plan) -> None:
    """It cannot depart any more."""
    aircraft = after(Scheduled(plan))
    aircraft.cancel(plan.flight)
    assert [Cancelled(plan.flight)] == recorded(aircraft)
    with pytest.raises(ImpossibleFlight, match="not planned"):
        aircraft.depart(plan.flight, at(10))


def test_a_reassigned_flight_is_over(plan: Plan) -> None:
    """It cannot depart any more, and cannot be cancelled here."""
    aircraft = after(Scheduled(plan))
    aircraft.reassign(plan.flight, "engine")
    assert [Reassigned(plan.flight, "engine")] == recorded(aircraft)
    with pytest.raises(ImpossibleFlight, match="not planned"):
        aircraft.cancel(plan.flight)


def test_a_diverted_flight_is_over_at_an_unknown_time(plan: Plan, later: Plan) -> None:
    """The aircraft may depart again at any time after it departed."""
    aircraft = after(Scheduled(plan), Scheduled(later), Departed(plan.flight, at(10), 0))
    aircraft.divert(plan.flight, None)
    aircraft.depart(later.flight, at(11))
    assert [Diverted(plan.flight, None), Departed(later.flight, at(11), 0)] == recorded(aircraft)


def test_a_flight_is_scheduled_once(plan: Plan) -> None:
    """Planned, in the air or over: the aircraft knows it."""
    scheduled = Scheduled(plan)
    departed = Departed(plan.flight, at(10), 0)
    lives = [(scheduled,), (scheduled, departed), (scheduled, Cancelled(plan.flight))]
    for life in lives:
        with pytest.raises(ImpossibleFlight, match="scheduled already"):
            after(*life).schedule(plan)


def test_a_plan_must_take_time() -> None:
    """Who arrives before departing did something wrong with time zones."""
    backward = Plan("DL3", "DL", "JFK", "ATL", departure=at(12), arrival=at(10))
    with pytest.raises(ImpossibleFlight, match="arrives before it departs"):
        after().schedule(backward)


def test_an_aircraft_is_in_one_place(plan: Plan, later: Plan) -> None:
    """It cannot depart while in the air; nothing is recorded of the attempt."""
    aircraft = after(Scheduled(plan), Scheduled(later), Departed(plan.flight, at(10), 0))
    with pytest.raises(ImpossibleFlight, match="in the air as DL1 JFK") as refusal:
        aircraft.depart(later.flight, at(11))
    assert ("N12345", later.flight) == (refusal.value.aircraft, refusal.value.flight)
    assert [] == recorded(aircraft)


def test_an_aircraft_departs_after_it_landed(plan: Plan, later: Plan) -> None:
    """Even when both are reported in the wrong order."""
    flown = (Scheduled(plan), Departed(plan.flight, at(10), 0), Arrived(plan.flight, at(12), 0))
    aircraft = after(*flown, Scheduled(later))
    with pytest.raises(ImpossibleFlight, match="11:00 UTC is not after 04 February 12:00"):
        aircraft.depart(later.flight, at(11))


def test_only_a_flight_in_the_air_arrives(plan: Plan, later: Plan) -> None:
    """One that is planned cannot, nor another than the one it flies."""
    with pytest.raises(ImpossibleFlight, match="has not departed"):
        after(Scheduled(plan)).arrive(plan.flight, at(12))
    aircraft = after(Scheduled(plan), Scheduled(later), Departed(plan.flight, at(10), 0))
    with pytest.raises(ImpossibleFlight, match="has not departed"):
        aircraft.divert(later.flight, None)


def test_an_arrival_is_after_its_departure(plan: Plan) -> None:
    """A flight takes time."""
    aircraft = after(Scheduled(plan), Departed(plan.flight, at(10), 0))
    with pytest.raises(ImpossibleFlight, match="is not after"):
        aircraft.arrive(plan.flight, at(10))
    with pytest.raises(ImpossibleFlight, match="is not after"):
        aircraft.divert(plan.flight, at(9))


def test_a_flight_in_the_air_is_not_cancelled(plan: Plan) -> None:
    """It is too late for that."""
    aircraft = after(Scheduled(plan), Departed(plan.flight, at(10), 0))
    with pytest.raises(ImpossibleFlight, match="not planned"):
        aircraft.cancel(plan.flight)


def test_an_unplanned_flight_does_not_depart(plan: Plan) -> None:
    """Nobody scheduled it on this aircraft."""
    with pytest.raises(ImpossibleFlight, match="not planned"):
        after().depart(plan.flight, at(10))
