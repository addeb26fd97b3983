"""Promise 27: backends ended and servers restarted at random; the same processes go on."""

from collections import Counter

import pytest
from attrs import evolve
from sqlalchemy import func, select

from sourcery.schema import dead_letters
from tests.databases import Database
from tests.databases.network import NetworkServer
from tests.faults.harm import cut, restart
from tests.faults.model import CALM
from tests.faults.scene import Scene, faults_of, run
from tests.faults.worker import Spec

pytestmark = [pytest.mark.promise(27), pytest.mark.databases("postgresql", "mariadb")]


def crew(url: str, *, lease: float, retries: int) -> list[Spec]:
    """As for the kills, but with attempts that count."""
    two = Spec(url=url, consumer="two", shards=2, page=10, lease=lease, retries=retries)
    batch = evolve(two, consumer="batch", variant="batch", shards=1, page=20)
    manager = evolve(batch, consumer="manager", variant="manager", categories=(CALM,))
    return [two, two, batch, manager]


def assert_all_live(scene: Scene) -> None:
    """Whether every process that was started works still, and none has given an event up."""
    assert ["running"] * len(scene.workers) == [worker.state for worker in scene.workers]
    with scene.store.database.reading() as connection:
        assert 0 == connection.scalar(select(func.count()).select_from(dead_letters))


def test_ended_backends_are_replaced(database: Database, url: str) -> None:
    """Of pages, heartbeats and listeners: no event is given up, no process ends."""
    server, ended = database.server, Counter[str]()
    assert isinstance(server, NetworkServer)

    def harm(scene: Scene) -> None:
        ended.update(cut(scene, server, times=18))
        scene.until_through()
        assert_all_live(scene)

    assert {} == faults_of(run(url, crew(url, lease=3.0, retries=2), harm))
    if database.family == "postgresql":
        assert {"MainThread", "sourcery-heartbeat"} <= ended.keys()  # and mostly the listener


def test_a_restarted_server_is_waited_for(database: Database, url: str) -> None:
    """Shut down and killed in turn, for longer than a lease."""
    server = database.server
    assert isinstance(server, NetworkServer)

    def harm(scene: Scene) -> None:
        restart(scene, server, times=2)
        scene.until_through()
        assert_all_live(scene)

    assert {} == faults_of(run(url, crew(url, lease=1.0, retries=5), harm))
