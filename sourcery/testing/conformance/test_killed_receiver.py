"""A receiver is killed at any moment, and what it did not acknowledge is delivered again."""

import random
import threading
from collections import Counter

import pytest

from sourcery import EventStore
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.domain import Remarked, messages_stored
from sourcery.testing.conformance.profile import times
from sourcery.testing.conformance.programs import Program

pytestmark: object = pytest.mark.promise(43)

MESSAGES = 60
KILLS = times(3, long=12)


def deliver(database: Database, waiting: list[str], kill_after: int | None) -> list[str]:
    """Give a new receiver these messages; what it acknowledged before it was killed."""
    with Program("receiver", database.url) as receiver:
        feeder = threading.Thread(target=receiver.say, args=waiting)
        feeder.start()
        acknowledged: list[str] = []
        while line := receiver.line():
            acknowledged.append(line)
            if len(acknowledged) == kill_after:
                receiver.kill()  # somewhere in the next message, or between two
                acknowledged.pop()  # this one is lost on its way
                break
            if len(acknowledged) == len(waiting):
                break
        feeder.join()
    return acknowledged


def test_each_message_takes_effect_once(store: EventStore, database: Database) -> None:
    """Whatever was killed when: its event and its message are there, once."""
    waiting, chance = [f"{n}" for n in range(MESSAGES)], random.Random(7)
    repeats = 0
    for kill_after in [*(chance.randrange(1, 20) for _ in range(KILLS)), None]:
        done = dict(line.split() for line in deliver(database, waiting, kill_after))
        repeats += list(done.values()).count("repeat")
        waiting = [each for each in waiting if each not in done]
    assert [] == waiting
    assert repeats >= KILLS
    texts = Counter(recorded.event.text for recorded in store.read(events=Remarked))
    assert {f"{n}": 1 for n in range(MESSAGES)} == texts
    assert MESSAGES == messages_stored(store)
