"""What the tests of connections ask for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Final

import pytest

from sourcery import EventStore, Subscriber
from tests.connections.operations import Place
from tests.databases import Database
from tests.domain import ADA, Account, Deposited, append
from tests.faults.model import Moved, make_tables
from tests.ordering.conftest import background
from tests.proxy import Proxy
from tests.read_models.support import first, second

__all__ = ["background"]

#: Seconds after which a client that waits for what it has lost itself waits in vain.
PATIENCE: Final = 20.0


@pytest.fixture
def place(database: Database, proxy: Proxy, tmp_path: Path) -> Iterator[Place]:
    """Both stores at work; what the operations want to find is there."""
    far = database.url.set(port=proxy.port)
    with (
        EventStore(database.url, aggregates=[Account], events=Moved) as near,
        EventStore(far, aggregates=[Account], events=Moved) as store,
    ):
        make_tables(near.engine)
        append(near, ADA, [Deposited(1)])
        Subscriber(near, "waited", lambda *_: None, events=Deposited).drain()
        for model in (first(near), second(near)):
            model.build()
            model.switch()
        store.settled()
        yield Place(store, near, tmp_path)


@contextmanager
def rescued(proxy: Proxy) -> Iterator[None]:
    """Whoever waits for ever is let go after a while, and found out."""
    rescues: list[bool] = []

    def rescue() -> None:
        rescues.append(True)
        proxy.heal()

    timer = Timer(PATIENCE, rescue)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
    assert not rescues, f"it waited {PATIENCE} s"
