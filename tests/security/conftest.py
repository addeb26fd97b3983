"""A database whose accounts are those of the docs."""

from collections.abc import Iterator

import pytest

from sourcery import EventStore
from tests.databases import Database
from tests.security.accounts import Accounts


@pytest.fixture
def accounts(empty_database: Database) -> Iterator[Accounts]:
    """Tables made by the migrator, append-only, and a login for each role of the page."""
    accounts = Accounts(empty_database)
    try:
        accounts.prepare()
        yield accounts
    finally:
        accounts.remove()


@pytest.fixture
def owner(accounts: Accounts) -> Iterator[EventStore]:
    """A store of the migrator's."""
    with accounts.store("sourcery_migrator") as store:
        yield store
