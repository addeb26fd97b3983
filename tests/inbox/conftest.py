"""What the tests of the inbox ask for."""

from collections.abc import Iterator

import pytest

from sourcery import EventStore
from tests.databases import Database
from tests.domain import make_notes, open_bank
from tests.ordering.conftest import background

__all__ = ["background", "bank"]


@pytest.fixture
def bank(database: Database) -> Iterator[EventStore]:
    """A store that declares the test domain, with the caller's own table."""
    with open_bank(database) as store:
        make_notes(store.engine)
        yield store
