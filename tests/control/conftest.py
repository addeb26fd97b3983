"""What the tests of steering ask for."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sourcery import EventStore
from tests.control.support import deposits
from tests.databases import Database
from tests.domain import ADA, BOB, open_bank

Background = Callable[..., Future[Any]]


@pytest.fixture
def bank(database: Database) -> Iterator[EventStore]:
    """A store that declares the test domain."""
    with open_bank(database) as store:
        yield store


@pytest.fixture
def background() -> Iterator[Background]:
    """Run a function in a thread; its errors come out with `result()`."""
    with ThreadPoolExecutor(8) as threads:
        yield threads.submit


@pytest.fixture
def imported(database: Database) -> Iterator[EventStore]:
    """A store whose events are a day apart, the last of now."""
    days = [datetime.now(UTC) - timedelta(days=days) for days in (2, 1, 0)]
    with open_bank(database, clock=lambda: days.pop(0)) as store:
        for stream in (ADA, BOB, ADA):
            deposits(store, stream)
        yield store
