"""The test of the test: with a rule left out the same kills are seen in the account."""

from pathlib import Path
from typing import Final

import pytest

from tests.faults.fleet import Fleet
from tests.kills.scene import Point, Scene

pytestmark = [pytest.mark.promise(21), pytest.mark.promise(38)]

HANDLE: Final = ("write", "handle")
SEND: Final = ("write", "send")
PURGE: Final = ("write", "purge")


def is_seen(
    url: str, fleet: Fleet, path: Path, parts: tuple[str, ...], point: Point, fault: str, rule: str
) -> bool:
    """Whether a fault is there after the same kills, with a rule switched off, and only then."""
    with Scene(url, path / "sent", fleet, parts, (rule,)) as scene:
        last = scene.census([point])[point]
        assert fault not in scene.faults()
        for at in (1, last):
            scene.round(point, at)
        return fault in scene.faults()


@pytest.mark.databases("postgresql", "mariadb")  # on SQLite a second writer would wait for ever
def test_a_checkpoint_committed_first_loses_what_was_handled(
    url: str, fleet: Fleet, tmp_path: Path
) -> None:
    """The checkpoint in a transaction of its own, before that of the handler's writes."""
    point = Point("insert events", "after")
    assert is_seen(url, fleet, tmp_path, HANDLE, point, "view", "checkpoint_first")


def test_a_checkpoint_committed_last_doubles_what_was_handled(
    url: str, fleet: Fleet, tmp_path: Path
) -> None:
    """The same, after it."""
    point = Point("checkpoint", "before")
    assert is_seen(url, fleet, tmp_path, HANDLE, point, "view", "checkpoint_last")


def test_acknowledged_before_it_is_sent_a_message_is_lost(
    url: str, fleet: Fleet, tmp_path: Path
) -> None:
    """The relay's checkpoint, and then the message."""
    point = Point("send", "before")
    assert is_seen(url, fleet, tmp_path, SEND, point, "sent", "checkpoint first")


@pytest.mark.databases("sqlite")  # the mark is the same statement everywhere
def test_forgotten_without_a_mark_a_message_takes_effect_twice(
    url: str, fleet: Fleet, tmp_path: Path
) -> None:
    """The inbox is purged, and whoever starts again receives its messages again."""
    point = Point("purge", "after")
    assert is_seen(url, fleet, tmp_path, PURGE, point, "events", "without_mark")
