"""Promise 13: a consumer passes no position that may still appear, nor waits without need."""

from typing import Any

import pytest

from sourcery import EventStore, Recorded, UnitOfWork
from tests.ordering.conftest import Background
from tests.ordering.happened import Happened
from tests.ordering.support import InFlight, append, in_flight, wait_until
from tests.subscriber.conftest import Running
from tests.subscriber.support import (
    Seen,
    all_rows_of,
    deposit,
    ignore,
    row_of,
    subscriber,
)

pytestmark = [pytest.mark.promise(13), pytest.mark.databases("postgresql", "mariadb")]


@pytest.fixture
def flight(bank: EventStore) -> Any:
    """A transaction that has drawn positions and has not ended."""
    with in_flight(bank) as flight:
        flight.append("early", 2)
        yield flight


def seen_by(store: EventStore, **options: Any) -> list[str]:
    """What the consumer is given by one drain."""
    seen = Seen(then=ignore)
    subscriber(store, seen, events=Happened, **options).drain()
    return seen.notes


def test_its_commit_delivers_it(bank: EventStore, flight: InFlight, background: Background) -> None:
    """Before what was committed earlier at a later position."""
    late = background(append, bank, "late")
    if bank.engine.dialect.name == "postgresql":
        late.result()
    assert ([], 0) == (seen_by(bank), row_of(bank).position)
    flight.commit()
    late.result()
    assert ["early 1", "early 2", "late 1"] == seen_by(bank)


def test_its_rollback_unblocks_at_once(
    bank: EventStore, flight: InFlight, background: Background
) -> None:
    """The hole is moved over without a clock."""
    late = background(append, bank, "late")
    assert [] == seen_by(bank)
    flight.rollback()
    last = late.result().last
    assert (["late 1"], last) == (seen_by(bank), row_of(bank).position)


def test_no_shard_passes_it(bank: EventStore, flight: InFlight) -> None:
    """Not even those that its events do not belong to."""
    if bank.engine.dialect.name == "postgresql":
        append(bank, "late")
    assert [] == seen_by(bank, shards=4)
    assert {0} == {row.position for row in all_rows_of(bank)}
    flight.commit()
    assert {"early 1", "early 2"} <= set(seen_by(bank, shards=4))


def test_no_consumer_of_other_kinds_passes_it(bank: EventStore, flight: InFlight) -> None:
    """The checkpoint stays below it, for it may yet be asked for by another filter."""
    if bank.engine.dialect.name == "postgresql":
        deposit(bank)
    assert 0 == subscriber(bank, ignore).drain()
    assert 0 == row_of(bank).position


def test_a_running_one_goes_on_when_it_ends(
    bank: EventStore, flight: InFlight, running: Running
) -> None:
    """What was settled before is handled meanwhile."""
    seen = Seen(then=ignore)
    running(subscriber(bank, seen, events=Happened))
    wait_until(lambda: all_rows_of(bank))
    flight.commit()
    wait_until(lambda: seen.notes == ["early 1", "early 2"])
    append(bank, "late")
    wait_until(lambda: seen.notes[2:] == ["late 1"])


@pytest.mark.databases("postgresql")
def test_its_own_page_in_flight_holds_back_the_others(bank: EventStore, running: Running) -> None:
    """What a handler appends by a joined unit is a position in flight like any other."""
    positions: list[int] = []
    deposit(bank, "ada", 2)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        with UnitOfWork(bank, session=uow.session) as joined:
            joined.append(recorded.stream, [Happened(recorded.version)])
        positions.append(bank.settled())

    assert 2 == subscriber(bank, handle).drain()
    assert [2, 3] == positions
    assert 4 == bank.settled()
