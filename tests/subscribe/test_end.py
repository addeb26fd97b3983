"""Promises 26, 28 and 30: how an iteration ends, and how it goes on."""

import gc
import threading
import time
from collections.abc import Callable
from itertools import islice
from threading import Event
from typing import Any

import pytest
from attrs import frozen

from sourcery import EventStore, Part, event, upcast
from sourcery.errors import DecodeError, InvalidArgument
from tests.databases import Database
from tests.ordering.conftest import Background
from tests.ordering.happened import Happened
from tests.ordering.support import DEADLINE, append, wait_until

Asleep = Callable[[EventStore], None]


def waiters() -> list[str]:
    """Threads that exist because somebody waits."""
    return [t.name for t in threading.enumerate() if t.name.startswith("sourcery")]


def test_the_timeout_ends_it_and_it_goes_on(store: EventStore) -> None:
    """Counted from when the caller asks for the next event."""
    with store.subscribe(events=Happened, timeout=0.05) as subscription:
        started = time.monotonic()
        assert [] == list(subscription)
        assert 0.05 <= time.monotonic() - started
        append(store)
        assert [1] == [recorded.position for recorded in subscription]


@pytest.mark.promise(28)
def test_a_stop_interrupts_the_sleep(
    store: EventStore, background: Background, asleep: Asleep
) -> None:
    """One that would look again in a minute ends at once."""
    asleep(store)
    stop = Event()
    subscription = store.subscribe(events=Happened, stop=stop)
    ended = background(list, subscription)
    wait_until(lambda: subscription.caught_up)
    stop.set()
    assert [] == ended.result(DEADLINE)


@pytest.mark.promise(28)
@pytest.mark.databases("postgresql", "mariadb")
def test_a_stop_interrupts_the_backoff(
    store: EventStore, database: Database, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is gone, and the next attempt would be in a minute."""
    monkeypatch.setattr("sourcery.subscription._BACKOFF", (60.0, 60.0))
    stop = Event()
    subscription = store.subscribe(events=Happened, stop=stop)
    database.server.kill()
    ended = background(list, subscription)
    wait_until(lambda: subscription._failures > 1)
    stop.set()
    assert [] == ended.result(DEADLINE)


@pytest.mark.promise(28)
def test_a_stop_passes_over_nothing(store: EventStore) -> None:
    """The event in hand is done; the rest of the page comes when the stop is taken back."""
    append(store, "a", 5)
    stop = Event()
    subscription = store.subscribe(events=Happened, stop=stop, timeout=0)
    assert [1, 2] == [recorded.position for recorded in islice(subscription, 2)]
    stop.set()
    assert ([], 2) == (list(subscription), subscription.position)
    stop.clear()
    assert [3, 4, 5] == [recorded.position for recorded in subscription]


@pytest.mark.promise(28)
def test_it_waits_again_after_a_stop_was_taken_back(
    store: EventStore, background: Background, asleep: Asleep
) -> None:
    """And can be stopped again."""
    asleep(store)
    stop = Event()
    subscription = store.subscribe(events=Happened, stop=stop)
    for _ in range(2):
        ended = background(list, subscription)
        wait_until(lambda: subscription._waiting is not None)
        stop.set()
        assert [] == ended.result(DEADLINE)
        stop.clear()


def test_closed_it_is_over(store: EventStore) -> None:
    """Whatever is left in hand; closing again does nothing."""
    append(store, "a", 3)
    with store.subscribe(events=Happened) as subscription:
        next(subscription)
    subscription.close()
    assert ([], 1) == (list(subscription), subscription.position)


def test_it_is_for_one_thread_at_a_time(
    store: EventStore, background: Background, asleep: Asleep
) -> None:
    """A second one would be given the same events; later, another may go on."""
    asleep(store)
    append(store)
    stop = Event()
    subscription = store.subscribe(events=Happened, stop=stop)
    ended = background(list, subscription)
    wait_until(lambda: subscription.caught_up)
    with pytest.raises(InvalidArgument, match="is iterated by another thread"):
        next(subscription)
    stop.set()
    assert [1] == [recorded.position for recorded in ended.result(DEADLINE)]
    assert [] == list(subscription)


def test_nothing_stays_behind_one_that_was_forgotten(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a thread nor a connection, though nobody closed it."""
    monkeypatch.setattr("sourcery.wakeups.listener.LINGER", 0.1)
    before = waiters()
    subscription = store.subscribe(events=Happened, timeout=0.01, stop=Event())
    list(subscription)
    assert before != waiters()
    del subscription
    gc.collect()
    wait_until(lambda: waiters() == before)


def test_without_waiting_there_is_no_thread(store: EventStore) -> None:
    """With a timeout of 0 a test gets along with its own."""
    append(store)
    before = set(threading.enumerate())
    assert 1 == len(list(store.subscribe(events=Happened, timeout=0, stop=Event())))
    assert set() == set(threading.enumerate()) - before


@event("ordering.happened")
@frozen
class Misread:
    """The same kind, in a shape that was never stored."""

    text: str


@pytest.mark.promise(26)
def test_an_event_that_cannot_be_read_is_never_passed(store: EventStore) -> None:
    """It is raised and named each time, until it can be read."""
    append(store, "a", 2)
    subscription = store.subscribe(events=Misread, timeout=0)
    for _ in range(2):
        with pytest.raises(DecodeError) as caught:
            next(subscription)
        assert (1, 0) == (caught.value.position, subscription.position)
    mended = """UPDATE sourcery_events SET data = '{"text": "mended"}' WHERE position = 1"""
    with store.engine.begin() as connection:
        connection.exec_driver_sql(mended)
    assert Misread("mended") == next(subscription).event
    with pytest.raises(DecodeError):
        next(subscription)


@upcast("ordering.happened", version=1, into=["ordering.halved"])
def in_two(data: dict[str, Any]) -> list[Part]:
    """One stored event, read as two."""
    return [Part("ordering.halved", {"half": n}) for n in (1, 2)]


@event("ordering.halved")
@frozen
class Halved:
    """One of two parts of what was once one event."""

    half: int


def test_parts_of_one_event_are_not_separated(database: Database) -> None:
    """Whoever stops between them is given both again."""
    with EventStore(database.url, upcasters=[in_two]) as store:
        append(store, "a", 2)
        subscription = store.subscribe(events=Halved, timeout=0)
        positions = [(r.position, r.event.half, subscription.position) for r in subscription]
        assert [(1, 1, 0), (1, 2, 1), (2, 1, 1), (2, 2, 2)] == positions
