"""Promise 21: killed at any point, a subscriber has handled everything exactly once.

`SOURCERY_KILLS=200 pytest tests/faults/test_kills.py` kills so many; a plain run kills fewer.
What is seen when the checkpoint is committed apart from the handler's rows: `tests/kills`.
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
