"""Promise 23: a consumer with 4 shards, run by processes that come and go every second."""

from threading import Event

import pytest

from tests.databases import Database
from tests.faults.scene import Scene, faults_of, run
from tests.faults.worker import Spec

pytestmark = pytest.mark.promise(23)

#: Of the processes at work, one goes each second, and another one comes.
AT_ONCE = 3
TURNS = 8


def come_and_go(scene: Scene) -> None:
    """Each second; most go in good order, every third one is killed."""
    owners: set[str | None] = set()
    for turn in range(TURNS):
        Event().wait(1.0)
        scene.until_more()
        owners |= {row.owner for row in scene.rows("balances")}
        old = scene.workers.pop(0)
        scene.workers.append(scene.fleet.start(old.spec))
        (old.kill if turn % 3 == 2 else old.stop)()
        scene.keep_up()
    assert len(owners - {None}) > AT_ONCE


def test_all_events_once_and_in_order_per_stream(database: Database) -> None:
    """The read model refuses a second row of an event, and each stream's versions follow."""
    url = database.url.render_as_string(hide_password=False)
    specs = [Spec(url=url, shards=4, lease=2.0) for _ in range(AT_ONCE)]
    assert {} == faults_of(run(url, specs, come_and_go))
