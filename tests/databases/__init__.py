"""Real databases for tests: servers that pytest starts, a fresh database for each test.

This is the one place that knows how our tables get into a database.
"""

import os
from typing import Final
from uuid import uuid4

import pytest
from sqlalchemy import URL, Connection, text

from tests.databases.named import NotConfigured
from tests.databases.server import Database, Schema, Server
from tests.databases.servers import Servers

#: Whether the events of every database made here are append-only:
#: `SOURCERY_APPEND_ONLY=1 pytest tests/subscriber`.
APPEND_ONLY: Final = os.environ.get("SOURCERY_APPEND_ONLY", "") not in ("", "0")

__all__ = ["APPEND_ONLY", "SCHEMA", "SERVERS", "Database", "NotConfigured", "Server", "Servers"]


def upgrade(url: URL) -> None:
    """Make our tables as users do."""
    from sourcery import EventStore  # not before a test needs a database

    with EventStore(url.render_as_string(hide_password=False)) as store:
        store.upgrade()


def adopt(connection: Connection) -> None:
    """Make a copied store one of its own: no two databases share id and name."""
    from sourcery.append_only import is_append_only, protect  # not before a test needs a database

    name = str(connection.engine.url.database)[-200:]  # the end of a SQLite path, as our schema
    connection.execute(
        text("UPDATE sourcery_store SET store_id = :id, database_name = :name"),
        {"id": str(uuid4()), "name": name},
    )
    if APPEND_ONLY and not is_append_only(connection):
        protect(connection)


SCHEMA = Schema(upgrade=upgrade, adopt=adopt)

#: Where pytest's configuration keeps the servers of this run.
SERVERS = pytest.StashKey[Servers]()
