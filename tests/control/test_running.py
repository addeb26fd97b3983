"""Steering a subscriber that runs: it obeys between two pages."""

from itertools import count
from threading import Event
from typing import Any

import pytest

from sourcery import Consumer, EventStore, Recorded, UnitOfWork
from tests.control.conftest import Background
from tests.control.support import NAME, deposits, positions, rows, statuses
from tests.control.workers import make_notes, note, noted, policy, running, subscriber
from tests.domain import ADA, BOB, Deposited, events_stored
from tests.ordering.support import wait_until


@pytest.fixture
def shop(bank: EventStore) -> EventStore:
    """A store with a read model beside it."""
    make_notes(bank)
    return bank


def test_a_pause_holds_and_resume_goes_on(shop: EventStore) -> None:
    """Nothing is handled in between, and nothing twice."""
    consumer = Consumer(shop, NAME)
    before = deposits(shop, ADA, 3)
    with running(subscriber(shop)):
        wait_until(lambda: 3 == len(noted(shop)))
        consumer.wait_for(before)
        consumer.pause()
        token = deposits(shop, ADA, 2)
        assert "paused" == consumer.health().state
        assert (3, [3]) == (len(noted(shop)), positions(consumer))
        consumer.resume()
        consumer.wait_for(token)
    assert [f"account/ada {n}" for n in range(1, 6)] == noted(shop)


def test_a_worker_that_is_always_busy_is_reached(shop: EventStore) -> None:
    """Also on SQLite, where it has the database locked but for the moments between its pages."""

    def endless(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        note(uow, recorded)
        uow.append(recorded.stream, [Deposited(0)])

    deposits(shop, ADA)
    with running(subscriber(shop, endless)):
        wait_until(lambda: noted(shop))
        Consumer(shop, NAME).pause()
        handled = len(noted(shop))
    assert [f"account/ada {n}" for n in range(1, handled + 1)] == noted(shop)
    assert handled + 1 == events_stored(shop)


@pytest.mark.promise(49)
def test_rule_23_requests_from_all_sides_lose_and_double_nothing(
    shop: EventStore, background: Background
) -> None:
    """Pauses and resumes cross each other and the pages; a double is an error of the database."""
    token = deposits(shop, ADA, 300)
    consumer = Consumer(shop, NAME)

    def steer() -> None:
        for _ in range(5):
            consumer.pause(timeout=20)
            consumer.resume(timeout=20)

    with running(subscriber(shop, page=5)):
        wait_until(lambda: noted(shop))
        for steering in [background(steer) for _ in range(3)]:
            steering.result()
        consumer.wait_for(token, timeout=20)
    assert [f"account/ada {n}" for n in range(1, 301)] == noted(shop)


@pytest.mark.promise(49)
@pytest.mark.databases("postgresql", "mariadb")  # SQLite has no two writers at once
def test_rule_23_a_pause_that_comes_during_a_page(shop: EventStore, background: Background) -> None:
    """The page commits with its checkpoint, then the pause is obeyed; no event follows."""
    deposits(shop, ADA, 3)
    begun, go_on = Event(), Event()

    def slow(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        begun.set()
        assert go_on.wait(20)
        note(uow, recorded)

    with running(subscriber(shop, slow, page=2)):
        assert begun.wait(20)
        consumer = Consumer(shop, NAME)
        pausing = background(consumer.pause)
        wait_until(lambda: rows(consumer)[0].request)
        go_on.set()
        pausing.result()
        assert ([2], ["paused"]) == (positions(consumer), statuses(consumer))
    assert 2 == len(noted(shop))


def test_a_rewind_handles_again(shop: EventStore) -> None:
    """From the next page on."""
    token = deposits(shop, ADA, 4)
    handled: list[int] = []
    with running(subscriber(shop, lambda _, recorded: handled.append(recorded.position))):
        wait_until(lambda: [1, 2, 3, 4] == handled)
        consumer = Consumer(shop, NAME)
        consumer.rewind(2)
        consumer.wait_for(token)
    assert [1, 2, 3, 4, 3, 4] == handled


def poisoned(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
    """Refuse Ada's first event."""
    if (recorded.stream, recorded.version) == (ADA, 1):
        raise ValueError("never")
    note(uow, recorded)


def registered(store: EventStore) -> bool:
    """Whether the subscriber has begun."""
    with store.database.reading() as connection:
        found = connection.exec_driver_sql("select count(*) from sourcery_consumers")
        return bool(found.scalar())


@pytest.mark.promise(25)
def test_a_retry_keeps_the_order_of_the_key(shop: EventStore) -> None:
    """Also against events of the key that arrive meanwhile; other keys were never held up."""
    mended, tried = Event(), count(1)

    def fragile(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        if recorded.stream == ADA and not mended.is_set():
            raise ValueError(f"failed {next(tried)}")
        note(uow, recorded)

    deposits(shop, ADA, 3)
    token = deposits(shop, BOB, 2)
    with running(subscriber(shop, fragile, on_error=policy("park"))):
        wait_until(lambda: registered(shop))
        consumer = Consumer(shop, NAME)
        consumer.wait_for(token)
        wait_until(lambda: 3 == len(consumer.letters()))
        assert 1 == consumer.retry()
        wait_until(lambda: "failed 2" == consumer.letters()[0].error)
        mended.set()
        assert 1 == consumer.retry(key=ADA)
        for _ in range(5):
            last = deposits(shop, ADA)
        wait_until(lambda: [] == consumer.letters())
        consumer.wait_for(last)
    ada = [text for text in noted(shop) if "ada" in text]
    assert [f"account/ada {n}" for n in range(1, 9)] == ada
    assert 10 == len(noted(shop))


@pytest.mark.promise(25)
def test_a_drop_lets_the_rest_of_the_key_through(shop: EventStore) -> None:
    """In order, and live events after it."""
    deposits(shop, ADA, 3)
    with running(subscriber(shop, poisoned, on_error=policy("park"))):
        wait_until(lambda: registered(shop) and 3 == len(Consumer(shop, NAME).letters()))
        consumer = Consumer(shop, NAME)
        consumer.drop(1, "never valid")
        wait_until(lambda: 1 == len(consumer.letters()))
        consumer.wait_for(deposits(shop, ADA))
    assert [f"account/ada {n}" for n in (2, 3, 4)] == noted(shop)
