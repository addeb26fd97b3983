"""Each request in turn is lost, or its answer, until a run passes without harm.

request: it never reaches the server. answer: it does, the answer is lost. half: of the answer only
the beginning comes. lost: the client is cut off when it has asked, and the server is not told.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Timer
from typing import Final

import pytest

from sourcery import EventStore, Subscriber
from tests.connections.operations import OPERATIONS, Place
from tests.databases import Database
from tests.domain import ADA, Account, Deposited, append
from tests.faults.model import Moved, make_tables
from tests.proxy import Fault, Proxy
from tests.read_models.support import first, second

pytestmark = [
    pytest.mark.promise(27),
    pytest.mark.promise(49),
    pytest.mark.databases("postgresql", "mariadb"),
]

FAULTS: Final[list[Fault]] = ["request", "answer", "half", "lost"]
#: What has no backend to end: the application that tries again waits for its own locks.
NOT_ENDED: Final = ("append", "joined session")
#: Seconds after which a client that waits for what it has lost itself waits in vain.
PATIENCE: Final = 20.0


@pytest.fixture
def place(database: Database, proxy: Proxy, tmp_path: Path) -> Iterator[Place]:
    """Both stores at work; what the operations want to find is there."""
    far, options = database.url.set(port=proxy.port), {"aggregates": [Account], "events": Moved}
    with EventStore(database.url, **options) as near, EventStore(far, **options) as store:
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


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_request_may_be_lost(
    place: Place, proxy: Proxy, operation: str, fault: Fault
) -> None:
    """Nothing is doubled or lost, nobody waits for what nobody answers, no connection leaks."""
    if fault == "lost" and operation in NOT_ENDED:
        pytest.skip("only `transact` ends what the server still holds")
    act, check = OPERATIONS[operation]
    for number in count(1):
        name = f"{fault}-{number}"
        proxy.at_request(number, fault)
        with rescued(proxy):
            act(place, name)
        if not proxy.has_fired:
            break
        check(place, name)
        assert 0 == place.far.engine.pool.checkedout()
        proxy.heal()
    assert number > 1
