"""Promise 30: a backlog of any length is handled in bounded memory."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sourcery import EventStore, Subscriber
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.domain import ADA, Remarked, append, open_bank
from sourcery.testing.conformance.memory import MEGABYTE, peak_of
from sourcery.testing.conformance.subscribers import (
    row_of,
    subscriber,
)

pytestmark: object = [pytest.mark.promise(30), pytest.mark.usefixtures("notes")]

EVENTS = 3_000


@pytest.fixture
def backlog(database: Database) -> Iterator[EventStore]:
    """3,000 events of 2,000 bytes: 6 MB of payload alone."""
    with open_bank(database, notify=False) as bank:
        for _ in range(4):
            append(bank, ADA, [Remarked("x" * 2000, extra=n) for n in range(EVENTS // 4)])
        yield bank


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
