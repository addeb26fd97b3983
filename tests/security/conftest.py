"""A database whose accounts are those of the docs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from sourcery import EventStore
from tests.databases import Database, Servers
from tests.security.accounts import Accounts


@pytest.fixture(scope="session")
def accounts_of(servers: Servers) -> Iterator[Callable[[str], Accounts]]:
    """One database for all tests of a server: what each leaves in it has names of its own."""
    with ExitStack() as made:

        @cache
        def of(name: str) -> Accounts:
            server = servers[name]
            server.start()
            url = server.create_database()
            made.callback(server.drop_database, url)
            accounts = Accounts(Database(name=name, url=url, server=server))
            made.callback(accounts.remove)
            accounts.prepare()
            return accounts

        yield of


@pytest.fixture
def accounts(database_name: str, accounts_of: Callable[[str], Accounts]) -> Accounts:
    """Tables made by the migrator, append-only, and a login for each role of the page."""
    return accounts_of(database_name)


@pytest.fixture
def owner(accounts: Accounts) -> Iterator[EventStore]:
    """A store of the migrator's."""
    with accounts.store("sourcery_migrator") as store:
        yield store
