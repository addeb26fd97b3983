"""Promise 21: killed at any point, a subscriber has handled everything exactly once.

`SOURCERY_KILLS=200 pytest tests/faults/test_kills.py` kills so many; a plain run kills fewer.
"""

import os
from functools import partial
from typing import Final

import pytest

from tests.databases import Database
from tests.faults.harm import kill
from tests.faults.model import CALM
from tests.faults.scene import faults_of, run
from tests.faults.worker import Spec

pytestmark = pytest.mark.promise(21)

KILLS: Final = int(os.environ.get("SOURCERY_KILLS", "16"))
#: Seconds of the lease: short, since each successor waits for its end.
LEASE: Final = 0.4


def crew(url: str) -> list[Spec]:
    """A consumer of two shards with two workers, one with a batch handler, a process manager."""
    two = Spec(url=url, consumer="two", shards=2, page=10, lease=LEASE)
    batch = Spec(url=url, consumer="batch", variant="batch", page=20, lease=LEASE)
    manager = Spec(url=url, consumer="manager", variant="manager", categories=(CALM,), lease=LEASE)
    return [two, two, batch, manager]


def test_killed_at_random_nothing_is_lost_or_doubled(database: Database, url: str) -> None:
    """Read models equal a fold of the log, and a process manager acted once on each event."""
    kills = KILLS if database.family != "sqlite" else KILLS // 4
    assert {} == faults_of(run(url, crew(url), partial(kill, times=kills)))


#: Seconds that each writer waits: without a COMMIT of its own for each event all is slower.
GENTLY: Final = 0.2


def alone(url: str, *sabotage: str) -> list[Spec]:
    """Three consumers with pages of one event, of a read model that does not defend itself."""
    names = ("first", "second", "third")
    return [
        Spec(url=url, consumer=name, page=1, lease=LEASE, once=False, sabotage=sabotage)
        for name in names
    ]


@pytest.mark.databases("postgresql", "mariadb")
def test_a_checkpoint_committed_first_loses_events(url: str) -> None:
    """The test of the test: it must be the transaction of what the handler wrote."""
    faults = faults_of(
        run(url, alone(url, "checkpoint_first"), partial(kill, times=6), pause=GENTLY)
    )
    assert any(found.get("lost") for found in faults.values())


def test_a_checkpoint_committed_last_doubles_events(url: str) -> None:
    """The same, the other way round."""
    faults = faults_of(
        run(url, alone(url, "checkpoint_last"), partial(kill, times=6), pause=GENTLY)
    )
    assert any(found.get("doubled") for found in faults.values())


def test_under_the_same_kills_ours_does_neither(url: str) -> None:
    """It is where the checkpoint is written, not the load, that makes the difference."""
    assert {} == faults_of(run(url, alone(url), partial(kill, times=6), pause=GENTLY))
