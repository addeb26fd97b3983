"""The matrix: each step, before and after, first, in the middle and last; then the account.

`SOURCERY_KILLS=1 pytest tests/kills` dies at every occurrence, and more often in the recovery.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from attrs import astuple

from tests.faults.fleet import Fleet
from tests.kills.matrix import PROPERTY
from tests.kills.points import COMMITTING, STEPS, Moment
from tests.kills.scene import Cell, Point, Scene
from tests.kills.work import PAGE, THOROUGH

pytestmark = [pytest.mark.promise(n) for n in (5, 21, 37, 38, 43)]

#: What is done in the processes that die at a step.
PARTS: Final = {
    "accept": ("write",),
    "snapshot": ("write",),
    "insert events": ("write", "handle"),
    "insert outbox": ("write", "handle"),
    "inline rows": ("write", "handle"),
    "handler": ("write", "handle"),
    "checkpoint": ("write", "handle"),
    "commit": ("write", "handle", "send"),
    "park": ("write", "handle", "send"),
    "send": ("write", "send"),
    "acknowledge": ("write", "send"),
    "switch": ("switch",),
    "attempt": ("write", "handle"),
    "retry": ("write", "steer"),
    "build": ("switch",),
    "import": ("import", "steer"),
    "purge": ("write", "send", "purge"),
    "request": ("write", "steer"),
}
#: Steps that a plain run dies at on SQLite only, once: the others have shown the same rules.
RARE: Final = ("attempt", "retry", *COMMITTING)


def points(step: str, database: str) -> list[Point]:
    """The moments of a step. SQLite sends its COMMIT to nobody."""
    moments = ("before", "after")
    if step in ("commit", *COMMITTING) and database != "sqlite":
        moments = ("before", "sent", "after")
    return [Point(step, moment) for moment in moments]


def occurrences(step: str, times: int, moment: Moment) -> list[int]:
    """Before: the first and a middle one; after: a middle one and the last; or all."""
    if THOROUGH:
        return list(range(1, times + 1))
    middle = (times + 1) // 2
    if step in RARE:
        return [middle]
    return sorted({1, middle} if moment == "before" else {middle, times})


def most_doubles(point: Point, kills: int) -> int:
    """How many messages may have been sent twice: what a relay had sent and not stored."""
    sends = "send" in PARTS[point.step] and point.step != "purge"
    promised = sends and point.name != "commit after"
    return PAGE * kills if promised else 0


@pytest.mark.parametrize("step", STEPS)
def test_killed_around_a_step_all_is_as_if_nobody_had_died(
    url: str,
    database_name: str,
    fleet: Fleet,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    step: str,
) -> None:
    """Killed, killed again in the recovery, and then through. Messages alone may come twice."""
    if step in RARE and not (THOROUGH or database_name == "sqlite"):
        pytest.skip("in a plain run on SQLite only: SOURCERY_KILLS=1")
    with Scene(url, tmp_path / "sent", fleet, PARTS[step]) as scene:
        places = points(step, database_name)
        times = scene.census(places)
        assert {} == scene.faults()
        for point in places:
            cell = Cell()
            for at in occurrences(step, times[point], point.moment):
                cell += scene.round(point, at)
                assert {} == scene.faults()
            assert cell.doubles <= most_doubles(point, cell.kills)
            record_property(PROPERTY, (step, point.moment, database_name, *astuple(cell)))


def test_of_two_at_once_one_dies(url: str, fleet: Fleet, tmp_path: Path) -> None:
    """The same commands, consumers and messages: whoever is left has done all, and that once."""
    moments: list[tuple[str, Moment]] = [("accept", "after"), ("commit", "before")]
    moments += [("handler", "after"), ("send", "after")]
    with Scene(url, tmp_path / "sent", fleet, PARTS["commit"]) as scene:
        kills = 0
        for step, moment in moments:
            kills += scene.both(Point(step, moment), 2)
            assert {} == scene.faults()
        assert kills
