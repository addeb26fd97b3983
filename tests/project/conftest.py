"""What the tests of projections on demand ask for."""

from collections.abc import Iterator

import pytest

from sourcery import EventStore
from tests.ordering.conftest import Background, background
from tests.ordering.support import InFlight, in_flight

__all__ = ["Background", "background", "flight"]


@pytest.fixture
def flight(store: EventStore) -> Iterator[InFlight]:
    """One open transaction on the test's store."""
    with in_flight(store) as flight:
        yield flight
