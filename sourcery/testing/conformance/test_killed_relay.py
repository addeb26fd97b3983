"""Promises 38 and 41: killed at any moment, a relay is replaced; every message leaves, in order."""

import json
from pathlib import Path

import pytest
from attrs import frozen

from sourcery import EventStore, Relay
from sourcery.publishers import FilePublisher
from sourcery.testing.conformance.account import Account, Line
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.programs import Program
from sourcery.testing.conformance.relays import TOPIC, publish
from sourcery.testing.conformance.support import DEADLINE

pytestmark: object = [pytest.mark.promise(38), pytest.mark.promise(41)]

MESSAGES = 40
KEYS = 4


@frozen
class Scene:
    """Messages, and a file to which relays send them."""

    store: EventStore
    database: Database
    path: Path

    def killed(self, moment: str, time: int, honesty: str = "honest") -> Account:
        """Let a process send until it dies at the so manieth of these moments; what has left."""
        arguments = (moment, time, honesty, self.path)
        with Program("relay", self.database.url, *arguments) as program:
            assert program.was_killed
        return self.account()

    def end(self) -> Account:
        """Let somebody else send the rest; all that has left."""
        sender = FilePublisher(self.path)
        sender.timeout = 0.1
        Relay(self.store, sender, topics=[TOPIC], lease=0.4).drain(DEADLINE)
        return self.account()

    def account(self) -> Account:
        """What has left."""
        text = self.path.read_text() if self.path.exists() else ""
        return Account([line_of(json.loads(line)) for line in text.splitlines()])

    def faults(self) -> dict[str, object]:
        """What is wrong in the end."""
        committed = {f"k{key}": list(range(key, MESSAGES, KEYS)) for key in range(KEYS)}
        return self.end().faults(committed)


def line_of(found: dict[str, str]) -> Line:
    """A line of the file."""
    number = json.loads(found["payload"])["n"]
    return Line(found["topic"], found["key"], number, found["message_id"])


@pytest.fixture
def scene(store: EventStore, database: Database, tmp_path: Path) -> Scene:
    """Messages of four keys in turn, each in a transaction of its own."""
    for number in range(MESSAGES):
        publish(store, [number], key=f"k{number % KEYS}")
    return Scene(store, database, tmp_path / "sent")


def test_killed_at_each_moment_every_message_leaves_in_order(scene: Scene) -> None:
    """Before and after a batch is sent, at the COMMIT of its checkpoint and after it, one by one.

    Each successor takes the shard when the lease of the dead one is over.
    """
    for moment, time in (("begun", 2), ("done", 2), ("commit", 1), ("committed", 1)):
        scene.killed(moment, time)
    assert {} == scene.faults()


def test_what_was_sent_and_not_acknowledged_comes_again_with_its_id(scene: Scene) -> None:
    """So that receivers know it."""
    before = scene.killed("done", 1)
    after = scene.end()
    first = {line.message_id for line in before.lines}
    assert first
    assert len(first) == after.repeats
    assert first == {line.message_id for line in after.lines[len(before.lines) :]} & first


def test_acknowledged_before_it_is_sent_it_is_lost(scene: Scene) -> None:
    """The test of the test: a publisher that says so too early."""
    scene.killed("committed", 1, "hasty")
    assert ["lost"] == list(scene.faults())
