"""The kit's fixtures, made from our `database`."""

from collections.abc import Iterator

import pytest

from sourcery.testing.conformance.fixtures import *  # noqa: F403 - fixtures are found by name
from tests.databases import Database


@pytest.fixture(autouse=True)
def needed() -> None:
    """The databases of a test were chosen by what it needs when it was collected."""


@pytest.fixture
def other_database(database: Database) -> Iterator[Database]:
    """Another one on the same server."""
    url = database.server.create_upgraded()
    yield Database(name=database.name, url=url, server=database.server)
    database.server.drop_database(url)
