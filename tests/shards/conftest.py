"""What the tests of shards ask for."""

from collections.abc import Iterator

import pytest

from tests.databases import Database
from tests.ordering.conftest import background, flight
from tests.shards.crew import Crew, crew_of

__all__ = ["background", "crew", "flight"]


@pytest.fixture
def crew(database: Database) -> Iterator[Crew]:
    """Makes workers on the test's database."""
    with crew_of(database.url) as crew:
        yield crew
