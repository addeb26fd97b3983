"""What the tests of the example apps ask for."""

from collections.abc import Iterator

import pytest

from examples.bank import Account
from sourcery import EventStore
from tests.databases import Database


@pytest.fixture
def bank(database: Database) -> Iterator[EventStore]:
    """A store on the database that the app uses, to look at what it did."""
    url = database.url.render_as_string(hide_password=False)
    with EventStore(url, aggregates=[Account]) as store:
        yield store
