"""The test of the test: with a rule left out the same kills are seen in the account."""

from pathlib import Path
from typing import Final

import pytest

from tests.faults.fleet import Fleet
from tests.kills.scene import Point, Scene

pytestmark = [pytest.mark.promise(21), pytest.mark.promise(38)]

HANDLE: Final = ("write", "handle")
SEND: Final = ("write", "send")


def faults_when(
    url: str, fleet: Fleet, path: Path, parts: tuple[str, ...], point: Point, *sabotage: str
) -> set[str]:
    """Nothing is wrong until the process is killed the last time it is there; what then is."""
    with Scene(url, path / "sent", fleet, parts, sabotage) as scene:
        scene.round(point, scene.census([point])[point])
        return set(scene.faults())


@pytest.mark.databases("postgresql", "mariadb")  # on SQLite a second writer would wait for ever
def test_a_checkpoint_committed_first_loses_what_was_handled(
    url: str, fleet: Fleet, tmp_path: Path
) -> None:
    """The checkpoint in a transaction of its own, before that of the handler's writes."""
    point = Point("insert events", "after")
    assert "view" in faults_when(url, fleet, tmp_path, HANDLE, point, "checkpoint_first")


def test_a_checkpoint_committed_last_doubles_what_was_handled(
    url: str, fleet: Fleet, tmp_path: Path
) -> None:
    """The same, after it."""
    point = Point("checkpoint", "before")
    assert "view" in faults_when(url, fleet, tmp_path, HANDLE, point, "checkpoint_last")


def test_acknowledged_before_it_is_sent_a_message_is_lost(
    url: str, fleet: Fleet, tmp_path: Path
) -> None:
    """The relay's checkpoint, and then the message."""
    point = Point("send", "before")
    assert "sent" in faults_when(url, fleet, tmp_path, SEND, point, "checkpoint first")
