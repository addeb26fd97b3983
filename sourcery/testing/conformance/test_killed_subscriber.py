"""Promise 21: killed at any moment of a page, a subscriber has handled everything exactly once."""

import pytest
from attrs import frozen

from sourcery import EventStore, Subscriber
from sourcery.testing.conformance.crew.model import make_tables, outcome_of, see
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.programs import Program
from sourcery.testing.conformance.programs.subscriber import LEASE, NAME
from sourcery.testing.conformance.support import DEADLINE, append

pytestmark: object = pytest.mark.promise(21)

EVENTS = 30


@frozen
class Scene:
    """A log, and a read model that shows what was lost or doubled."""

    store: EventStore
    database: Database

    def killed(self, moment: str, time: int, sabotage: str = "nothing") -> None:
        """Let a process handle events until it dies at the so manieth of these moments."""
        arguments = (moment, time, sabotage)
        with Program("subscriber", self.database.url, *arguments) as program:
            assert program.was_killed

    def faults(self) -> dict[str, int]:
        """What is wrong when somebody else has handled the rest."""
        last = Subscriber(self.store, NAME, see, events=Happened, lease=LEASE)
        last.drain(timeout=DEADLINE)
        return outcome_of(self.store).faults


@pytest.fixture
def scene(store: EventStore, database: Database) -> Scene:
    """Events of three streams."""
    make_tables(store)
    for number in range(EVENTS):
        append(store, number % 3)
    return Scene(store, database)


def test_killed_at_each_moment_nothing_is_lost_or_doubled(scene: Scene) -> None:
    """Before and after the handler wrote, at the COMMIT of its page and after it, one by one.

    Each process begins with what the dead one left.
    """
    for moment, time in (("begun", 3), ("done", 2), ("commit", 2), ("committed", 2)):
        scene.killed(moment, time)
    assert {} == scene.faults()


@pytest.mark.needs("writers")
def test_a_checkpoint_that_commits_first_loses_events(scene: Scene) -> None:
    """The test of the test: killed between the two commits of a page."""
    scene.killed("commit", 2, "checkpoint_first")
    assert "lost" in scene.faults()


def test_a_checkpoint_that_commits_last_doubles_events(scene: Scene) -> None:
    """The same, the other way round."""
    scene.killed("commit", 2, "checkpoint_last")
    assert "doubled" in scene.faults()
