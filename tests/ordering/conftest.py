"""What the tests of ordering ask for."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from sourcery import EventStore
from tests.ordering.support import InFlight, in_flight

Background = Callable[..., Future[Any]]


@pytest.fixture
def background() -> Iterator[Background]:
    """Run a function in a thread; its errors come out with `result()`."""
    with ThreadPoolExecutor(8) as threads:
        yield threads.submit


@pytest.fixture
def flight(store: EventStore) -> Iterator[InFlight]:
    """One open transaction on the test's store."""
    with in_flight(store) as flight:
        yield flight
