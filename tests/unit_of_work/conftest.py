"""What the tests of the unit of work ask for."""

from collections.abc import Iterator

import pytest

from sourcery import EventStore
from tests.databases import Database
from tests.domain import make_notes, open_bank


@pytest.fixture
def bank(database: Database) -> Iterator[EventStore]:
    """A store that declares the test domain."""
    with open_bank(database) as store:
        yield store


@pytest.fixture
def notes(bank: EventStore) -> None:
    """The caller's own table, beside ours."""
    make_notes(bank.engine)
