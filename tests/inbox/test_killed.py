"""A receiver is killed at any moment, and what it did not acknowledge is delivered again."""

import random
import subprocess
import sys
import threading
from collections import Counter

import pytest

from sourcery import EventStore
from tests.databases import Database
from tests.domain import Remarked, messages_stored

pytestmark = pytest.mark.promise(43)

MESSAGES = 300
KILLS = 12


def deliver(url: str, waiting: list[str], kill_after: int | None) -> list[str]:
    """Give a new receiver these messages; what it acknowledged before it was killed."""
    command = [sys.executable, "-m", "tests.inbox.receiver", url]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as receiver:
        assert receiver.stdin
        assert receiver.stdout
        threading.Thread(target=feed, args=(receiver, waiting), daemon=True).start()
        acknowledged: list[str] = []
        for line in receiver.stdout:
            acknowledged.append(line.strip())
            if len(acknowledged) == kill_after:
                receiver.kill()  # somewhere in the next message, or between two
                acknowledged.pop()  # this one is lost on its way
                break
    return acknowledged


def feed(receiver: "subprocess.Popen[str]", waiting: list[str]) -> None:
    """Write all; a killed receiver reads no more."""
    assert receiver.stdin
    try:
        receiver.stdin.writelines(f"{each}\n" for each in waiting)
        receiver.stdin.close()
    except BrokenPipeError:
        pass


def test_each_message_takes_effect_once(store: EventStore, database: Database) -> None:
    """Whatever was killed when: its event and its message are there, once."""
    url = database.url.render_as_string(hide_password=False)
    waiting, chance = [f"{n}" for n in range(MESSAGES)], random.Random(7)
    repeats = 0
    for kill_after in [*(chance.randrange(1, 20) for _ in range(KILLS)), None]:
        done = dict(line.split() for line in deliver(url, waiting, kill_after))
        repeats += list(done.values()).count("repeat")
        waiting = [each for each in waiting if each not in done]
    assert [] == waiting
    assert repeats >= KILLS
    texts = Counter(recorded.event.text for recorded in store.read(events=Remarked))
    assert {f"{n}": 1 for n in range(MESSAGES)} == texts
    assert MESSAGES == messages_stored(store)
