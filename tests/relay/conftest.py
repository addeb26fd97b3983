"""What the tests of relays ask for."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Event

import pytest

from sourcery import Relay
from tests.ordering.conftest import Background, background
from tests.subscriber.conftest import bank

__all__ = ["background", "bank", "running"]

Running = Callable[[Relay], Future[None]]


@pytest.fixture
def running(background: Background) -> Iterator[Running]:
    """Run a relay in a thread until the test ends; errors come out with `result()`."""
    stop = Event()
    yield lambda relay: background(relay.run, stop)
    stop.set()
