"""One page at a time, for those who bring their own loop."""

import threading
from threading import Event
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from sourcery import ErrorPolicy, EventStore, Recorded, UnitOfWork
from sourcery.errors import ConsumerFailed, UseTheHandlersSession
from tests.databases import Database
from tests.domain import notes_stored
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE, wait_until
from tests.subscriber.support import (
    Fails,
    all_rows_of,
    deposit,
    ignore,
    letter_facts,
    policy,
    row_of,
    subscriber,
    write_note,
)


def test_it_handles_a_page_of_each_shard(bank: EventStore) -> None:
    """And says how many events that were; nothing is left in the end."""
    deposit(bank, "ada", 5)
    consumer = subscriber(bank, ignore, page=2)
    assert [2, 2, 1, 0] == [consumer.run_once() for _ in range(4)]
    for stream_id in range(20):
        deposit(bank, stream_id)
    assert 25 == subscriber(bank, ignore, name="shards", shards=4).run_once()


def test_it_gives_the_lease_back(bank: EventStore) -> None:
    """At once, with all its threads."""
    before = set(threading.enumerate())
    deposit(bank)
    assert 1 == subscriber(bank, ignore, shards=2).run_once()
    rows = all_rows_of(bank)
    assert {(None, None, "stopped")} == {(r.owner, r.backend, r.status.value) for r in rows}
    wait_until(lambda: set(threading.enumerate()) <= before | set(notifiers()))


def notifiers() -> list[threading.Thread]:
    """The threads that stay with the store, not with a consumer."""
    return [t for t in threading.enumerate() if t.name.startswith("sourcery-not")]


@pytest.mark.promise(24)
def test_a_page_that_fails_is_replayed_within_one_call(bank: EventStore) -> None:
    """Else a caller with a loop of its own would run into the same page for ever."""
    deposit(bank, "ada", 4)
    with pytest.raises(ConsumerFailed):
        subscriber(bank, Fails(["ada 3"]), on_error=policy("stop")).run_once()
    assert (["ada 1", "ada 2"], 2) == (notes_stored(bank), row_of(bank).position)


@pytest.mark.promise(24)
def test_it_does_not_wait_for_another_attempt(bank: EventStore) -> None:
    """The attempt is stored, and a later call makes the next."""
    deposit(bank, "ada", 4)
    rules = ErrorPolicy("park", retries=1, wait=0.01)
    consumer = subscriber(bank, Fails(["ada 2"]), on_error=rules)
    assert (1, 1) == (consumer.run_once(), row_of(bank).attempts)
    wait_until(lambda: consumer.run_once() == 0 and row_of(bank).position == 4)
    assert [(2, "parked", 2), (3, "behind", 0), (4, "behind", 0)] == letter_facts(bank)


def test_a_shard_that_another_worker_has_is_left_to_it(
    bank: EventStore, background: Background
) -> None:
    """Nothing is handled, and no error is raised."""
    in_hand, go_on, stop = Event(), Event(), Event()
    deposit(bank)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        in_hand.set()
        assert go_on.wait(DEADLINE)

    background(subscriber(bank, handle).run, stop)
    assert in_hand.wait(DEADLINE)
    try:
        assert (0, 0) == (subscriber(bank, ignore).run_once(), row_of(bank).position)
    finally:
        stop.set()
        go_on.set()


@pytest.mark.databases("postgresql", "mariadb")
def test_a_lost_database_is_the_drivers_own_error(bank: EventStore, database: Database) -> None:
    """Whoever brings a loop decides what to do; the event comes again."""
    deposit(bank)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        uow.session.connection()
        database.server.kill()

    with pytest.raises(DBAPIError):
        subscriber(bank, handle, lease=0.5).run_once()
    database.server.start()
    assert 1 == subscriber(bank, write_note).drain(timeout=DEADLINE)
    assert ["ada 1"] == notes_stored(bank)


@pytest.mark.promise(49)
def test_rule_15_no_consumer_is_run_inside_a_handler(bank: EventStore) -> None:
    """It would wait for the page it is called from; nothing of the other one is touched."""
    deposit(bank)
    refused: list[object] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        other = subscriber(bank, ignore, name="other")
        for call in (other.run, other.run_once, other.drain):
            with pytest.raises(UseTheHandlersSession):
                call()
            refused.append(call)

    assert 1 == subscriber(bank, handle).drain()
    assert (3, []) == (len(refused), all_rows_of(bank, "other"))
