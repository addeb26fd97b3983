"""Promise 30: a backlog of any length is handled in bounded memory."""

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sourcery import EventStore, Subscriber
from sourcery.errors import ConsumerFailed
from tests.databases import Database
from tests.domain import ADA, Remarked, append, open_bank
from tests.subscriber.support import (
    Broken,
    ignore,
    letter_facts,
    policy,
    row_of,
    subscriber,
)

pytestmark = pytest.mark.promise(30)

EVENTS = 6_000
MEGABYTE = 1_000_000


@pytest.fixture
def backlog(database: Database) -> Iterator[EventStore]:
    """6,000 events of 1,000 bytes: 6 MB of payload alone."""
    with open_bank(database, notify=False) as bank:
        for _ in range(4):
            append(bank, ADA, [Remarked("x" * 1000, extra=n) for n in range(EVENTS // 4)])
        yield bank


def peak_of(work: Callable[[], object]) -> int:
    """The bytes that Python held at the worst moment."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def warm(store: EventStore, handler: Callable[..., object], **options: Any) -> Subscriber:
    """A consumer whose connections, statements and decoders are made."""
    consumer = subscriber(store, handler, **options)
    consumer.run_once()
    return consumer


@pytest.mark.parametrize("options", [{}, {"batch": True}, {"effects": True}])
def test_no_more_than_a_page_is_held(backlog: EventStore, options: dict[str, Any]) -> None:
    """In every way of handling."""
    consumer = warm(backlog, lambda *_: None, **options)
    assert peak_of(consumer.drain) < 3 * MEGABYTE
    assert EVENTS == row_of(backlog).position


def test_the_measure_sees_a_handler_that_keeps_them(backlog: EventStore) -> None:
    """The test of the test."""
    kept: list[object] = []
    consumer = warm(backlog, lambda uow, recorded: kept.append(recorded))
    assert peak_of(consumer.drain) > 6 * MEGABYTE


def test_shards_hold_a_page_each(backlog: EventStore) -> None:
    """Pages are small when somebody needs many shards."""
    consumer = warm(backlog, ignore, shards=8, page=50)
    assert peak_of(consumer.drain) < 3 * MEGABYTE


def test_what_queues_behind_a_letter_is_not_held(backlog: EventStore) -> None:
    """It is a row in the table of letters, and a number here."""

    def handle(*_: object) -> None:
        raise Broken

    consumer = warm(backlog, handle, on_error=policy("park"))
    assert peak_of(consumer.drain) < 3 * MEGABYTE
    assert EVENTS == len(letter_facts(backlog))


def test_a_standstill_holds_no_more_than_a_page(backlog: EventStore) -> None:
    """However often it is tried."""

    def handle(*_: object) -> None:
        raise Broken

    consumer = subscriber(backlog, handle, on_error=policy("stop", 50, longest_wait=0.002))

    def drain() -> None:
        with pytest.raises(ConsumerFailed):
            consumer.drain()

    assert peak_of(drain) < 3 * MEGABYTE
