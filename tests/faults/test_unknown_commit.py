"""The answer to a page's COMMIT is lost: whether it happened or not, nothing is lost or doubled."""

from collections.abc import Callable, Iterator
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import func, select

from sourcery import EventStore, Recorded, Stream, UnitOfWork
from sourcery.schema import dead_letters
from sourcery.subscriber import Subscriber
from tests.databases import Database
from tests.databases.network import NetworkServer
from tests.faults.harm import connections
from tests.faults.model import CALM, Mirror, Model, Moved
from tests.faults.outcome import outcome_of
from tests.faults.support import row_of
from tests.ordering.support import wait_until
from tests.proxy import Proxy

pytestmark = [
    pytest.mark.promise(21),
    pytest.mark.promise(27),
    pytest.mark.databases("postgresql", "mariadb"),
]

DEADLINE = 60.0
#: The amount of the event in whose page COMMIT is broken.
BREAK = 7
CONSUMER = "balances"


@pytest.fixture
def far(database: Database, shop: EventStore, proxy: Proxy) -> Iterator[EventStore]:
    """The shop behind the proxy, with events to handle."""
    with UnitOfWork(shop) as uow:
        for number in range(12):
            uow.append(Stream(CALM, number % 3), [Moved(number)])
    with EventStore(database.url.set(port=proxy.port), aggregates=[Mirror], events=Moved) as far:
        yield far


Handle = Callable[[UnitOfWork, Recorded[Moved]], None]
BREAKS = ["before_commit", "after_commit", "during_commit"]


def breaking(handle: Handle, break_commit: Callable[[], object]) -> Handle:
    """The handler, which breaks the COMMIT of one page, once."""
    breaks = iter([break_commit])

    def handler(uow: UnitOfWork, recorded: Recorded[Moved]) -> None:
        handle(uow, recorded)
        if recorded.event.amount == BREAK:
            next(breaks, lambda: None)()

    return handler


def letters_in(shop: EventStore) -> int:
    """How many events were given up."""
    with shop.database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(dead_letters)) or 0


@pytest.mark.parametrize("variant", ["each", "manager"])
@pytest.mark.parametrize("how", BREAKS)
def test_a_page_whose_commit_is_unknown_is_applied_once(
    shop: EventStore, far: EventStore, proxy: Proxy, how: str, variant: str
) -> None:
    """Where it stands is read anew, from a connection that nothing can overtake any more."""
    handle: Any = getattr(Model(CONSUMER), variant)
    handler = breaking(handle, getattr(proxy, how))
    Subscriber(far, CONSUMER, handler, events=Moved, page=5, on_error="park").drain(DEADLINE)
    proxy.release()  # what was held back on its way comes now
    Subscriber(shop, CONSUMER, handle, events=Moved).drain(DEADLINE)
    found = outcome_of(shop, CONSUMER, (CALM,), mirrors=variant == "manager")
    assert ({}, 12, 0) == (found.faults, found.events, letters_in(shop))


@pytest.mark.parametrize("how", BREAKS)
def test_its_new_connection_is_the_one_a_successor_would_end(
    shop: EventStore, far: EventStore, proxy: Proxy, database: Database, how: str
) -> None:
    """Also when the page turned out to be committed, so that nothing is handled again."""
    server, stop = database.server, Event()
    assert isinstance(server, NetworkServer)
    handler = breaking(Model(CONSUMER).manager, getattr(proxy, how))
    subscriber = Subscriber(far, CONSUMER, handler, events=Moved)
    thread = Thread(target=subscriber.run, args=(stop,))
    thread.start()
    try:
        wait_until(partial(is_through, shop), DEADLINE)
        with UnitOfWork(shop) as uow:  # it need not notice before it writes again
            uow.append(Stream(CALM, 0), [Moved(1)])
        wait_until(lambda: number_on_the_row(shop) in open_at(server, database), DEADLINE)
        wait_until(partial(is_through, shop), DEADLINE)
    finally:
        stop.set()
        thread.join(DEADLINE)
    assert {} == outcome_of(shop, CONSUMER, (CALM,), mirrors=True).faults


def is_through(shop: EventStore) -> bool:
    """Whether all that is settled is handled."""
    settled, row = shop.settled(), row_of(shop, CONSUMER)
    return row is not None and row.position >= settled


def number_on_the_row(shop: EventStore) -> int:
    """The connection that the lease names."""
    row = row_of(shop, CONSUMER)
    return int(((row and row.backend) or "0").partition("/")[0])


def open_at(server: NetworkServer, database: Database) -> list[int]:
    """The connections that the server has."""
    return [number for number, _ in connections(server, database.url.database)]
