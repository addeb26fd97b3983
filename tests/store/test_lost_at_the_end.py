"""A connection that is lost between its last statement and its return to the pool."""

from typing import Any

import pytest
from sqlalchemy import select

from sourcery import EventStore
from sourcery.engine import let_go
from tests.databases import Database
from tests.databases.network import NetworkServer


@pytest.mark.promise(27)
@pytest.mark.databases("postgresql", "mariadb")
def test_it_takes_no_place_in_the_pool(database: Database) -> None:
    """And no error comes out: nothing was in hand."""
    assert isinstance(database.server, NetworkServer)
    with EventStore(database.url) as store:
        pool: Any = store.engine.pool
        for connect in (store.database.connect_singly, store.database.connect_to_write):
            connection = connect()
            connection.execute(select(1))
            connection.rollback()
            backend = store.database.dialect.backend(connection)
            with store.database.reading() as other:
                store.database.dialect.end_backend(other, backend or 0)
            let_go(connection)
            assert 0 == pool.checkedout()
            store.engine.dispose()  # what PostgreSQL's driver has not noticed
            pool = store.engine.pool
