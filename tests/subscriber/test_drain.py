"""Draining: to the settled end, in the calling thread, within a time."""

import time
from threading import Event, get_ident
from typing import Any

import pytest

from sourcery import Consumer, ErrorPolicy, EventStore, Recorded, UnitOfWork
from sourcery.errors import ConsumerFailed, InvalidArgument, WaitTimeout
from tests.databases import Database
from tests.domain import notes_stored
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE, in_flight, wait_until
from tests.subscriber.support import (
    NAME,
    Broken,
    Fails,
    Seen,
    all_rows_of,
    deposit,
    ignore,
    policy,
    row_of,
    subscriber,
)
from tests.unit_of_work.test_lost_connection import end_connections

LONG = 600.0


def test_it_ends_when_all_that_was_settled_is_handled(bank: EventStore) -> None:
    """Not with what comes meanwhile, so it ends though its handler makes more of the same."""
    deposit(bank, "ada", 3)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        uow.append(recorded.stream, [recorded.event])

    assert 3 <= subscriber(bank, handle).drain(timeout=DEADLINE) <= 4


def test_the_handler_runs_in_the_calling_thread(bank: EventStore) -> None:
    """A test needs no thread of its own, and no wait."""
    deposit(bank, "ada", 2)
    seen: list[int] = []
    subscriber(bank, lambda uow, recorded: seen.append(get_ident())).drain()
    assert [get_ident()] * 2 == seen


def test_it_needs_no_rest(bank: EventStore) -> None:
    """What can be handled is handled at once, and nothing is waited for at the end."""
    deposit(bank, "ada", 3)
    began = time.monotonic()
    consumer = subscriber(bank, ignore, page=1, interval=LONG, longest_interval=LONG)
    assert 3 == consumer.drain()
    assert time.monotonic() - began < LONG / 10


def test_an_empty_log_is_drained(bank: EventStore) -> None:
    """At once, even without any time; the consumer exists from then on."""
    assert 0 == subscriber(bank, ignore, shards=2).drain(timeout=0)
    assert [0, 0] == [row.position for row in all_rows_of(bank)]


def test_it_waits_out_the_backoff(bank: EventStore) -> None:
    """Of an event that fails and then succeeds."""
    deposit(bank)
    rules = ErrorPolicy("stop", retries=2, wait=0.05)
    assert 1 == subscriber(bank, Fails(["ada 1"], times=2), on_error=rules).drain()


def test_too_late_is_typed_and_carries_the_progress(bank: EventStore) -> None:
    """Though the event would be tried again only much later, and nothing else is to be done."""
    last = deposit(bank, "ada", 3)
    rules = ErrorPolicy("stop", wait=LONG, longest_wait=LONG)
    options = {"interval": LONG, "longest_interval": LONG, "on_error": rules}
    consumer = subscriber(bank, Fails(["ada 2"]), **options)
    wait_until(lambda: consumer.run_once() == 0 and row_of(bank).position == 1)
    with pytest.raises(WaitTimeout) as caught:
        consumer.drain(timeout=0.1)
    error = caught.value
    assert (0.1, last, 1, last) == (error.seconds, error.needed, error.reached, error.settled)
    assert NAME in error.who


def test_the_time_is_over_though_there_is_always_more_to_do(bank: EventStore) -> None:
    """A backlog that takes longer than it has."""
    deposit(bank, "ada", 50)
    began = time.monotonic()

    def slowly(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        wait_until(lambda: time.monotonic() > began + 0.05 * recorded.version)

    with pytest.raises(WaitTimeout):
        subscriber(bank, slowly, page=2).drain(timeout=0.2)
    assert time.monotonic() - began < 2


@pytest.mark.databases("postgresql", "mariadb")
def test_a_lost_database_is_waited_for_no_longer_either(
    bank: EventStore, database: Database
) -> None:
    """The error is the same."""
    deposit(bank, "ada", 3)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        uow.session.connection()
        database.server.kill()

    with pytest.raises(WaitTimeout):
        subscriber(bank, handle).drain(timeout=0.5)


@pytest.mark.databases("postgresql", "mariadb")
@pytest.mark.promise(27)
@pytest.mark.databases("postgresql", "mariadb")
def test_connections_that_are_lost_when_it_begins_cost_nothing(
    bank: EventStore, database: Database
) -> None:
    """Not even its first look, for what is settled."""
    deposit(bank, "ada", 3)
    end_connections(database)
    assert 3 == subscriber(bank, ignore).drain(timeout=DEADLINE)


@pytest.mark.databases("postgresql", "mariadb")
def test_what_is_in_flight_is_not_waited_for(bank: EventStore) -> None:
    """It is not settled, and may never be."""
    last = deposit(bank, "ada", 2)
    with in_flight(bank) as flight:
        flight.append()
        assert 2 == subscriber(bank, ignore).drain(timeout=DEADLINE)
    assert last == row_of(bank).position


def test_a_standstill_ends_it_with_the_handlers_own_error(bank: EventStore) -> None:
    """That of the shard which stands still, not whatever failed last."""
    for stream_id in range(8):
        deposit(bank, stream_id)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        raise Broken(recorded.stream.id)

    with pytest.raises(ConsumerFailed) as caught:
        subscriber(bank, handle, shards=4, on_error=policy("stop")).drain()
    assert f"Broken: {caught.value.__cause__}" == caught.value.cause


def test_a_pause_ends_it(bank: EventStore) -> None:
    """It would wait for ever."""
    subscriber(bank, ignore).drain()
    Consumer(bank, NAME).pause()
    with pytest.raises(ConsumerFailed, match="paused"):
        subscriber(bank, ignore).drain()


def test_what_another_worker_handles_counts(bank: EventStore, background: Background) -> None:
    """It ends when all is handled, by whoever has the shard."""
    in_hand, go_on, stop = Event(), Event(), Event()
    deposit(bank, "ada", 3)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        in_hand.set()
        assert go_on.wait(DEADLINE)

    running = background(subscriber(bank, handle).run, stop)
    assert in_hand.wait(DEADLINE)
    drained = background(subscriber(bank, Seen()).drain, DEADLINE)
    wait_until(drained.running)
    go_on.set()
    assert (0, 3) == (drained.result(DEADLINE), row_of(bank).position)
    stop.set()
    assert (None, []) == (running.result(DEADLINE), notes_stored(bank))


def test_its_handler_can_end_it(bank: EventStore) -> None:
    """After the event in hand; what is left is left."""
    deposit(bank, "ada", 5)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        if recorded.version == 2:
            consumer.stop()

    consumer = subscriber(bank, handle)
    assert (2, 2, 3) == (consumer.drain(), row_of(bank).position, consumer.drain())


@pytest.mark.parametrize("timeout", [-1, float("nan"), "1", True])
def test_a_time_that_is_none_is_refused(bank: EventStore, timeout: Any) -> None:
    """Before anything is begun."""
    with pytest.raises(InvalidArgument, match="timeout"):
        subscriber(bank, ignore).drain(timeout)
    assert [] == all_rows_of(bank)
