"""Promise 28: a stop ends every wait at once, after the event in hand, and frees the shards."""

import threading
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from sourcery import ErrorPolicy, EventStore, Recorded, Subscriber, UnitOfWork
from sourcery.consumers import Status
from sourcery.errors import InvalidArgument
from sourcery.testing.conformance.domain import notes_stored
from sourcery.testing.conformance.fixtures import Background
from sourcery.testing.conformance.subscribers import (
    Fails,
    all_rows_of,
    deposit,
    ignore,
    row_of,
    status_of,
    subscriber,
    write_note,
)
from sourcery.testing.conformance.support import DEADLINE, wait_until

pytestmark: object = [pytest.mark.promise(28), pytest.mark.usefixtures("notes")]

#: So long that a test would fail before it is over.
LONG = 600.0
ASLEEP = {"interval": LONG, "longest_interval": LONG}

Stop = Callable[[Subscriber, Event], None]
WAYS = pytest.mark.parametrize(
    "stop", [lambda s, e: s.stop(), lambda s, e: e.set()], ids=["stop()", "event"]
)


@WAYS
def test_it_interrupts_a_sleep(bank: EventStore, background: Background, stop: Stop) -> None:
    """Of an idle consumer that would look again in ten minutes."""
    event, consumer = Event(), subscriber(bank, ignore, shards=2, **ASLEEP)
    ended = background(consumer.run, event)
    wait_until(lambda: status_of(bank) is Status.LIVE)
    stop(consumer, event)
    assert None is ended.result(DEADLINE)
    assert [None, None] == [row.owner for row in all_rows_of(bank)]


@WAYS
def test_it_interrupts_a_backoff(bank: EventStore, background: Background, stop: Stop) -> None:
    """What waits is left to the next process, with its attempts."""
    deposit(bank)
    rules = ErrorPolicy("stop", wait=LONG, longest_wait=LONG)
    event, consumer = Event(), subscriber(bank, Fails(["ada 1"]), on_error=rules, **ASLEEP)
    ended = background(consumer.run, event)
    wait_until(lambda: status_of(bank) is Status.RETRYING)
    stop(consumer, event)
    assert None is ended.result(DEADLINE)
    assert (None, 1) == (row_of(bank).owner, row_of(bank).attempts)


@pytest.mark.parametrize("options", [{}, {"effects": True}])
def test_it_finishes_the_event_in_hand(bank: EventStore, options: dict[str, Any]) -> None:
    """Its page commits, with the events before it; those after it are not begun."""
    deposit(bank, "ada", 5)
    seen: list[int] = []

    def handle(*given: Any) -> None:
        seen.append(given[-1].version)
        if given[-1].version == 3:
            consumer.stop()

    consumer = subscriber(bank, handle, **options)
    consumer.run()
    assert ([1, 2, 3], 3, None) == (seen, row_of(bank).position, row_of(bank).owner)
    consumer.drain()
    assert [1, 2, 3, 4, 5] == seen


def test_a_page_of_a_batch_is_finished(bank: EventStore) -> None:
    """It is one call."""
    deposit(bank, "ada", 5)
    consumer = subscriber(bank, lambda uow, batch: consumer.stop(), batch=True, page=2)
    consumer.run()
    assert (2, Status.STOPPED) == (row_of(bank).position, status_of(bank))


def test_a_stopped_page_commits_what_it_did(bank: EventStore) -> None:
    """Exactly once, with the rest by the next process."""
    deposit(bank, "ada", 4)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        write_note(uow, recorded)
        if recorded.version == 2:
            consumer.stop()

    consumer = subscriber(bank, handle)
    consumer.run()
    assert ["ada 1", "ada 2"] == notes_stored(bank)
    assert (2, 4) == (subscriber(bank, write_note).drain(), len(notes_stored(bank)))


def test_a_released_shard_is_taken_at_once(bank: EventStore, background: Background) -> None:
    """By a standby that would otherwise have to wait for the lease to run out."""
    consumer = subscriber(bank, ignore, lease=LONG)
    ended = background(consumer.run)
    wait_until(lambda: status_of(bank) is Status.LIVE)
    deposit(bank)
    consumer.stop()
    ended.result(DEADLINE)
    deposit(bank)
    subscriber(bank, ignore, lease=LONG).drain(timeout=DEADLINE)
    assert 2 == row_of(bank).position


def test_stopped_before_it_runs_it_does_not_begin(bank: EventStore) -> None:
    """A stop that comes a moment too early is not lost; it counts for one run."""
    deposit(bank)
    consumer, event = subscriber(bank, ignore), Event()
    event.set()
    consumer.run(event)
    consumer.stop()
    consumer.run()
    assert [] == all_rows_of(bank)
    assert 1 == consumer.drain()


def test_no_thread_stays_behind(bank: EventStore, background: Background) -> None:
    """Neither the heartbeat, nor what watches the event."""
    stop = Event()
    ended = background(subscriber(bank, ignore).run, stop)
    wait_until(lambda: status_of(bank) is Status.LIVE)
    stop.set()
    ended.result(DEADLINE)
    wait_until(lambda: not [t for t in threads() if t in ("sourcery-heartbeat", "sourcery-stop")])


def threads() -> list[str]:
    """Their names."""
    return [thread.name for thread in threading.enumerate()]


def test_one_object_runs_once_at_a_time(bank: EventStore, background: Background) -> None:
    """A second thread needs a subscriber of its own, or nobody could stop the first."""
    consumer = subscriber(bank, ignore)
    ended = background(consumer.run)
    wait_until(lambda: status_of(bank) is Status.LIVE)
    for call in (consumer.run, consumer.run_once, consumer.drain):
        with pytest.raises(InvalidArgument, match="runs already"):
            call()
    consumer.stop()
    assert None is ended.result(DEADLINE)
    assert 0 == consumer.drain()


def test_an_interrupt_releases_as_well(bank: EventStore) -> None:
    """Ctrl-C in the handler undoes its page, and ends the run with the leases given back."""
    deposit(bank, "ada", 3)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        write_note(uow, recorded)
        if recorded.version == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        subscriber(bank, handle).run()
    row = row_of(bank)
    assert (0, None, 0, []) == (row.position, row.owner, row.attempts, notes_stored(bank))
