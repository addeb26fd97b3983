"""The world of a history: a store with everything declared, and the tables of its handlers."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event

from tests.databases import Database
from tests.model.domain import tables
from tests.model.world import World, open_world

#: By family. One thread has all transactions: who waited for another would wait for ever. And no
#: history outlives its server, so that nothing need reach a disk.
_OPTIONS = {
    "postgresql": ["set lock_timeout = '10s'"],
    "sqlite": ["pragma synchronous = off"],
}


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Handlers fail by the thousand here: the log says nothing of it."""
    monkeypatch.setattr(logging.getLogger("sourcery"), "propagate", False)
    with open_world(database) as store:
        event.listen(store.engine, "connect", _with_options(database.server.family))
        tables.create_all(store.engine)
        yield World(store, concurrent=database.server.family != "sqlite")


def _with_options(family: str) -> Callable[[Any, object], None]:
    def connected(connection: Any, record: object) -> None:
        for option in _OPTIONS[family]:
            connection.execute(option)
        connection.commit()

    return connected
