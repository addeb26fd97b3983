"""Promises 20 and 49: what an idle consumer writes, which is nothing, and when a checkpoint is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Semaphore
from typing import Any

import pytest
from sqlalchemy import event

from sourcery import EventStore, Subscriber
from sourcery.consumers import Status
from sourcery.consumers.steering import await_position
from tests.databases import Database
from tests.domain import Placed, open_bank
from tests.guards.wire import watching
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE, wait_until
from tests.subscriber.conftest import Running
from tests.subscriber.support import NAME, deposit, ignore, row_of, status_of, subscriber

pytestmark = pytest.mark.promise(20)


@contextmanager
def at_each_look(store: EventStore, action: Callable[[], object]) -> Iterator[None]:
    """Act when a worker looks at the rows of its consumer."""

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT") and "sourcery_consumers" in statement:
            action()

    event.listen(store.engine, "after_cursor_execute", executed)
    try:
        yield
    finally:
        event.remove(store.engine, "after_cursor_execute", executed)


def writes_of(store: EventStore, looked: Semaphore, stop: Event) -> int:
    """The statements that change the consumer in a run, which says when it looks."""
    options = {"interval": 0.002, "longest_interval": 0.002, "events": Placed}
    with watching(store.engine) as wire, at_each_look(store, looked.release):
        subscriber(store, ignore, **options).run(stop)
    texts = [" ".join(statement.split()) for statement in wire.statements]
    return len([text for text in texts if text.startswith("UPDATE sourcery_consumers")])


def writes_in(
    store: EventStore,
    background: Background,
    looks: int,
    action: Callable[[], object] = int,
) -> int:
    """The statements that change the consumer in a run of so many looks, with what is done."""
    looked, stop = Semaphore(0), Event()

    def watch() -> None:
        for _ in range(looks):
            assert looked.acquire(timeout=DEADLINE)
            action()
        stop.set()

    watched = background(watch)
    writes = writes_of(store, looked, stop)
    watched.result(DEADLINE)
    return writes


@pytest.fixture
def elsewhere(database: Database) -> Iterator[EventStore]:
    """The same store as another process has it: nothing of it is counted."""
    with open_bank(database, notify=False) as store:
        yield store


def test_an_idle_consumer_writes_nothing(bank: EventStore, background: Background) -> None:
    """It takes its shard, says that it is live, and gives it back, however long it runs."""
    subscriber(bank, ignore, events=Placed).drain()
    take_say_release_unmark_want = 5
    assert take_say_release_unmark_want == writes_in(bank, background, 60)


@pytest.mark.promise(49)
def test_rule_28_events_of_others_are_passed_over_without_a_write(
    bank: EventStore, elsewhere: EventStore, background: Background
) -> None:
    """At most one a second, though the checkpoint moves at each look."""
    began = time.monotonic()
    subscriber(bank, ignore, events=Placed).drain()
    writes = writes_in(bank, background, 60, lambda: deposit(elsewhere))
    seconds = int(time.monotonic() - began)
    assert 5 <= writes <= 6 + seconds
    assert row_of(bank).position > 50


@pytest.mark.promise(49)
def test_rule_28_what_somebody_waits_for_is_written_at_once(
    bank: EventStore, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the next write is not due for a long time; and only as far as it is waited for."""
    monkeypatch.setattr("sourcery.worker.checkpoints._BETWEEN_WRITES", 600.0)
    running(subscriber(bank, ignore, events=Placed))
    wait_until(lambda: status_of(bank) is Status.LIVE)
    last = deposit(bank, "ada", 3)
    wait_for_position(bank, last + 3)
    wait_until(lambda: row_of(bank).position == last)
    last = deposit(bank, "ada", 3)
    wait_until(lambda: row_of(bank).position == last)


def wait_for_position(store: EventStore, position: int) -> None:
    """Say that somebody waits for it, as a token does."""
    with store.database.connect_to_write() as connection, connection.begin():
        await_position(connection, NAME, 0, position)
    store.database.committed()


def test_what_was_passed_over_is_written_at_the_end(bank: EventStore, running: Running) -> None:
    """Though the next write was not due yet: the next start need not read it again."""
    consumer = subscriber(bank, ignore, events=Placed)
    consumer.run_once()
    ended = running(consumer)
    wait_until(lambda: position_in_memory(consumer) == 0)
    last = deposit(bank, "ada", 5)
    wait_until(lambda: position_in_memory(consumer) == last)
    consumer.stop()
    assert (None, last) == (ended.result(DEADLINE), row_of(bank).position)


def position_in_memory(consumer: Subscriber) -> int | None:
    """How far its one shard has looked, while it runs."""
    rounds = consumer._worker.rounds
    owned = rounds.claims.owned.get(0) if rounds else None
    return owned.follower.position if owned else None
