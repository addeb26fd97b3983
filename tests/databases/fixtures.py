"""What a test asks for: `database`, `empty_database`, `store`, `proxy`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.databases import SERVERS, Database, Server, Servers
from tests.proxy import Proxy

if TYPE_CHECKING:
    from sourcery import EventStore


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    """All servers of setup.cfg by name, whether chosen or not."""
    return pytestconfig.stash[SERVERS]


@pytest.fixture
def server(database_name: str, servers: Servers) -> Server:
    """The running server of this test's database; a test may kill and start it."""
    server = servers[database_name]
    server.start()  # also when the test before left it killed
    return server


@pytest.fixture
def database(database_name: str, server: Server) -> Iterator[Database]:
    """A new database with our tables."""
    url = server.create_upgraded()
    yield Database(name=database_name, url=url, server=server)
    server.drop_database(url)


@pytest.fixture
def proxy(database: Database) -> Iterator[Proxy]:
    """Stands before the server of this test's database."""
    assert database.url.host
    assert database.url.port
    with Proxy(database.url.port, database.url.host) as proxy:
        yield proxy


@pytest.fixture
def empty_database(database_name: str, server: Server) -> Iterator[Database]:
    """A new database without any table."""
    url = server.create_database()
    yield Database(name=database_name, url=url, server=server)
    server.drop_database(url)


@pytest.fixture
def store(database: Database) -> "Iterator[EventStore]":
    """A store on `database`, without aggregates or events of its own."""
    from sourcery import EventStore

    with EventStore(database.url.render_as_string(hide_password=False)) as store:
        yield store
