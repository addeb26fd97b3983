"""A wire that is slow, that stalls, or that is gone for a while; an upgrade that is cut off."""

import os
from threading import Event, Timer
from typing import Final

import pytest

from sourcery import EventStore, Recorded, Stream, Subscriber, UnitOfWork
from tests.connections.conftest import rescued
from tests.connections.operations import OPERATIONS, Place, insistently
from tests.databases import Server
from tests.domain import append
from tests.faults.model import BUSY, Model, Moved
from tests.faults.outcome import outcome_of
from tests.ordering.conftest import Background
from tests.ordering.support import wait_until
from tests.proxy import Fault, Proxy

pytestmark = [pytest.mark.promise(27), pytest.mark.databases("postgresql", "mariadb")]

#: Operations that wait for the server by themselves.
PATIENT: Final = ("subscriber", "relay", "live projection")
#: The requests of an upgrade that are lost; with `SOURCERY_KILLS` each of them.
UPGRADES: Final = range(1, 1000) if "SOURCERY_KILLS" in os.environ else (1, 5, 20, 45, 80)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_late_answers_are_waited_for(place: Place, proxy: Proxy, operation: str) -> None:
    """Each comes some milliseconds later."""
    act, check = OPERATIONS[operation]
    proxy.delay = 0.005
    with rescued(proxy):
        act(place, "late")
    check(place, "late")


@pytest.mark.parametrize("operation", PATIENT)
def test_a_server_that_is_gone_for_a_while_is_waited_for(
    place: Place, proxy: Proxy, operation: str
) -> None:
    """Connections are cut and refused; then it is back, and nobody had to be started again."""
    act, check = OPERATIONS[operation]
    proxy.refuse()
    timer = Timer(0.5, proxy.accept)
    timer.start()
    with rescued(proxy):
        act(place, "gone")
    timer.join()
    check(place, "gone")
    assert 0 == place.far.engine.pool.checkedout()


@pytest.mark.promise(22)
@pytest.mark.parametrize("number", [2, 6, 9, 12])
def test_a_worker_that_is_never_answered_is_replaced(
    place: Place, proxy: Proxy, background: Background, number: int
) -> None:
    """When its loop has not turned for `page_timeout` and its lease is over; it goes on later."""
    stop = Event()

    def handle(uow: UnitOfWork, recorded: Recorded[Moved]) -> None:
        Model("stalled").each(uow, recorded)

    def worker(store: EventStore) -> Subscriber:
        times = {"lease": 0.4, "page_timeout": 0.4, "longest_interval": 0.1, "page": 3}
        return Subscriber(store, "stalled", handle, events=Moved, categories=[BUSY], **times)

    worker(place.near).run_once()  # registers: who hangs in that has no lease to lose
    append(place.near, Stream(BUSY, "1"), [Moved(number) for number in range(10)])
    proxy.at_request(number, "stalled")
    try:
        tasks = [background(worker(place.far).run, stop)]
        wait_until(lambda: proxy.has_fired)
        tasks.append(background(worker(place.near).run, stop))
        wait_until(lambda: outcome_of(place.near, "stalled", [BUSY]).lost == 0)
        proxy.heal()
        append(place.near, Stream(BUSY, "2"), [Moved(1)])
        wait_until(lambda: outcome_of(place.near, "stalled", [BUSY]).lost == 0)
    finally:
        stop.set()
        proxy.heal()
    for task in tasks:
        task.result(20.0)
    assert {} == outcome_of(place.near, "stalled", [BUSY]).faults


@pytest.mark.promise(44)
@pytest.mark.parametrize("fault", ["request", "answer"])
def test_an_upgrade_that_was_cut_off_is_run_again(
    server: Server, proxy: Proxy, fault: Fault
) -> None:
    """At whichever statement; on MariaDB each is committed by itself."""
    fired = 0
    for number in UPGRADES:
        url = server.create_database()
        with EventStore(url.set(port=proxy.port)) as far:
            proxy.at_request(number, fault)
            insistently(far.upgrade)
            fired += proxy.has_fired
        with EventStore(url) as near:
            assert 0 == near.settled()
        server.drop_database(url)
        if not proxy.has_fired:
            break
    assert fired >= 4
