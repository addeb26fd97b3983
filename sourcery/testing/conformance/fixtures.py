"""What the tests ask for, made from `database` and `empty_database`, which each run gives itself.

A conftest of yours that gives these two imports all of this:

    from sourcery.testing.conformance.fixtures import *
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine

from sourcery import EventStore, Relay, Subscriber
from sourcery.engine import open_engine
from sourcery.testing.conformance.crew.members import Crew, crew_of
from sourcery.testing.conformance.databases import Database, capabilities_of
from sourcery.testing.conformance.domain import make_notes, open_bank
from sourcery.testing.conformance.support import InFlight, in_flight

__all__ = [
    "Background",
    "Running",
    "background",
    "bank",
    "can",
    "crew",
    "engine",
    "flight",
    "needed",
    "notes",
    "running",
    "store",
]

Background = Callable[..., Future[Any]]
Running = Callable[[Subscriber | Relay], Future[None]]


@pytest.fixture
def can(database: Database) -> frozenset[str]:
    """What the database can do."""
    return capabilities_of(database.url)


@pytest.fixture(autouse=True)
def needed(request: pytest.FixtureRequest) -> None:
    """Skip a test that needs what this database cannot do."""
    marks = list(request.node.iter_markers("needs"))
    wanted = {word for mark in marks for word in mark.args}
    if wanted and (missing := wanted - request.getfixturevalue("can")):
        pytest.skip(f"this database has no {', '.join(sorted(missing))}")


@pytest.fixture
def store(database: Database) -> Iterator[EventStore]:
    """A store on `database`, without aggregates or events of its own."""
    with EventStore(database.url) as store:
        yield store


@pytest.fixture
def bank(database: Database) -> Iterator[EventStore]:
    """A store that declares the kit's domain."""
    with open_bank(database) as store:
        yield store


@pytest.fixture
def notes(bank: EventStore) -> None:
    """The caller's own table, beside ours."""
    make_notes(bank.engine)


@pytest.fixture
def engine(empty_database: Database) -> Iterator[Engine]:
    """An engine, as the store makes it, on a database without any table."""
    opened = open_engine(empty_database.url)
    yield opened.engine
    opened.close()


@pytest.fixture
def background() -> Iterator[Background]:
    """Run a function in a thread; its errors come out with `result()`."""
    with ThreadPoolExecutor(8) as threads:
        yield threads.submit


@pytest.fixture
def flight(store: EventStore) -> Iterator[InFlight]:
    """One open transaction on the test's store."""
    with in_flight(store) as flight:
        yield flight


@pytest.fixture
def running(background: Background) -> Iterator[Running]:
    """Run a worker in a thread until the test ends; errors come out with `result()`."""
    stop = Event()
    yield lambda worker: background(worker.run, stop)
    stop.set()


@pytest.fixture
def crew(database: Database) -> Iterator[Crew]:
    """Makes workers of one consumer, each with a store of its own."""
    with crew_of(database.url) as crew:
        yield crew
