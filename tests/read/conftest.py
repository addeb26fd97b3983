"""What the tests of reading ask for."""

from collections.abc import Iterator

import pytest

from sourcery import EventStore
from tests.databases import Database
from tests.domain import open_bank


@pytest.fixture
def bank(database: Database) -> Iterator[EventStore]:
    """A store that declares the test domain."""
    with open_bank(database) as store:
        yield store
