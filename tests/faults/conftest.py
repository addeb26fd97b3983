"""What the tests of faults ask for."""

from collections.abc import Iterator

import pytest

from sourcery import EventStore
from tests.databases import Database
from tests.faults.fleet import Fleet
from tests.faults.model import Mirror, Moved, make_tables


@pytest.fixture
def url(database: Database) -> str:
    """The test's database, as users name it."""
    return database.url.render_as_string(hide_password=False)


@pytest.fixture
def shop(url: str) -> Iterator[EventStore]:
    """A store of the events that workers handle, beside the tables of their read models."""
    with EventStore(url, aggregates=[Mirror], events=Moved) as store:
        make_tables(store.engine)
        yield store


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Where workers are started; they end with the test."""
    with Fleet() as fleet:
        yield fleet
