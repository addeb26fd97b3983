"""A connection that is lost while it returns to the pool."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from sourcery import EventStore
from sourcery.engine import let_go
from tests.databases import Database


def lose_after_rollback(store: EventStore, connection: Connection) -> None:
    """End it at the server between the ROLLBACK of its return and what follows."""
    driver: Any = connection.connection.driver_connection
    backend, rollback = store.database.dialect.backend(connection), driver.rollback

    def rollback_then_die() -> None:
        rollback()
        with store.engine.connect() as other:
            assert store.database.dialect.end_backend(other, backend or 0)

    driver.rollback = rollback_then_die


@pytest.mark.promise(27)
@pytest.mark.databases("mariadb")
def test_it_takes_no_place_in_the_pool(database: Database) -> None:
    """And no error comes out: nothing was in hand."""
    with EventStore(database.url) as store:
        pool: Any = store.engine.pool
        connection = store.database.connect_singly()
        connection.execute(select(1))
        lose_after_rollback(store, connection)
        let_go(connection)
        assert 0 == pool.checkedout()
        assert 0 == store.settled()
