"""Rule 27: an event that kills its process is found, its attempts counted, and given up."""

from collections.abc import Callable

import pytest

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.consumers import LetterStatus, Status, letters_of
from tests.faults.fleet import Fleet, Worker
from tests.faults.model import BUSY, Moved
from tests.faults.outcome import outcome_of
from tests.faults.support import is_run_by, row_of
from tests.faults.worker import POISON, Spec, Variant
from tests.ordering.support import wait_until

pytestmark = [pytest.mark.promise(49), pytest.mark.promise(24)]

DEADLINE = 60.0
RETRIES = 2
#: Two streams, the poison in the middle of what is read at once: streams 0, 1, 0, 1, ...
AMOUNTS = [1, 2, 3, 4, POISON, 5, 6, 7, 8]


@pytest.fixture
def poisoned(shop: EventStore) -> list[int]:
    """Append them all; their positions."""
    for number, amount in enumerate(AMOUNTS):
        with UnitOfWork(shop) as uow:
            uow.append(Stream(BUSY, number % 2), [Moved(amount)])
    return [recorded.position for recorded in shop.read(events=Moved)]


def deaths_until(worker: Worker, condition: Callable[[], bool]) -> int:
    """Start the process again whenever it died, as a supervisor does; how often."""
    deaths = 0

    def is_so() -> bool:
        nonlocal deaths
        if not worker.is_alive:
            assert worker.state == -9
            deaths += 1
            worker.restart()
        return condition()

    wait_until(is_so, DEADLINE)
    return deaths


@pytest.mark.parametrize("variant", ["each", "batch"])
def test_a_killing_event_is_parked_and_the_others_go_on(
    shop: EventStore, fleet: Fleet, url: str, poisoned: list[int], variant: Variant
) -> None:
    """One death that nobody foresaw, then one for each attempt; its stream waits behind it."""
    spec = Spec(url=url, variant=variant, then="park", retries=RETRIES)

    def is_through() -> bool:
        row = row_of(shop, spec.consumer)
        return row is not None and row.position >= poisoned[-1]

    deaths = deaths_until(fleet.start(spec), is_through)
    with shop.database.reading() as connection:
        letters = letters_of(connection, spec.consumer)
    statuses = [LetterStatus.PARKED, LetterStatus.BEHIND, LetterStatus.BEHIND]
    assert statuses == [letter.status for letter in letters]
    assert [poisoned[n] for n in (4, 6, 8)] == [letter.position for letter in letters]
    assert (RETRIES + 1, "Interrupted") == (letters[0].attempts, letters[0].error_class)
    assert RETRIES + 2 == deaths
    outcome = outcome_of(shop, spec.consumer, (BUSY,))
    assert (3, 0) == (outcome.lost, outcome.doubled)


def test_a_killing_event_stops_its_consumer(
    shop: EventStore, fleet: Fleet, url: str, poisoned: list[int]
) -> None:
    """It stands still before it and says why; processes that start now live.

    Every attempt ended the process, so it is stored before the handler is called or never.
    """
    spec = Spec(url=url, then="stop", retries=RETRIES)
    worker = fleet.start(spec)

    def is_faulted() -> bool:
        row = row_of(shop, spec.consumer)
        return row is not None and row.status is Status.FAULTED

    assert RETRIES + 2 == deaths_until(worker, is_faulted)
    row = row_of(shop, spec.consumer)
    assert row is not None
    assert (poisoned[3], RETRIES + 1) == (row.position, row.attempts)
    assert "Interrupted" in (row.error or "")
    worker.stop()
    worker.restart()
    wait_until(lambda: is_run_by(shop, spec, worker), DEADLINE)
    assert worker.state == "running"
