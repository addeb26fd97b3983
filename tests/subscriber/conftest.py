"""What the tests of subscribers ask for."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Event

import pytest

from sourcery import EventStore
from sourcery.subscriber import Subscriber
from tests.databases import Database
from tests.domain import make_notes, open_bank
from tests.ordering.conftest import Background, background

__all__ = ["background", "bank", "running"]

Running = Callable[[Subscriber], Future[None]]


@pytest.fixture
def bank(database: Database) -> Iterator[EventStore]:
    """A store that declares the test domain, with the caller's own table."""
    with open_bank(database) as store:
        make_notes(store.engine)
        yield store


@pytest.fixture
def running(background: Background) -> Iterator[Running]:
    """Run a subscriber in a thread until the test ends; errors come out with `result()`."""
    stop = Event()
    yield lambda subscriber: background(subscriber.run, stop)
    stop.set()
