"""What the tests of live projections ask for."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from sourcery import EventStore, LiveProjection
from tests.live.projections import Gated, History, gate
from tests.ordering.support import InFlight, in_flight

Background = Callable[..., Future[Any]]


@pytest.fixture
def background() -> Iterator[Background]:
    """Run a function in a thread; its errors come out with `result()`."""
    with ThreadPoolExecutor(12) as threads:
        yield threads.submit


@pytest.fixture
def live(store: EventStore) -> Iterator[LiveProjection[History]]:
    """Everything that happens, in pages of seven."""
    with LiveProjection(store, History, page=7) as live:
        yield live


@pytest.fixture
def gated(store: EventStore) -> Iterator[LiveProjection[Gated]]:
    """One that stops inside the first page with an event, until `gate` is set."""
    gate.clear()
    with LiveProjection(store, Gated) as live:
        yield live
        gate.set()


@pytest.fixture
def flight(store: EventStore) -> Iterator[InFlight]:
    """One open transaction on the test's store."""
    with in_flight(store) as flight:
        yield flight
