"""A broker that is gone while ten thousand messages wait.

`SOURCERY_OUTAGE=120 pytest tests/delivery/test_outage.py` makes it two minutes.
"""

import os
import threading
import time
from typing import Final

import pytest

from sourcery import EventStore, Relay, UnitOfWork
from sourcery.publishers import publisher_for
from tests.delivery.target import BrokerTarget
from tests.ordering.support import wait_until
from tests.relay.conftest import Running
from tests.relay.support import all_passed, has_rows, letter_facts, row_of

#: Seconds.
OUTAGE: Final = float(os.environ.get("SOURCERY_OUTAGE", "2"))
IS_LONG: Final = OUTAGE > 2
MESSAGES: Final = 10_000
#: Those of a short run, for brokers that sync each message to the disk.
FEWER: Final = MESSAGES if IS_LONG else 1000
KEYS: Final = 200
#: Probes are half a minute apart at last.
DEADLINE: Final = 120.0


def written(store: EventStore, topic: str, count: int) -> dict[str, list[int]]:
    """So many messages that wait; their numbers by key."""
    for start in range(0, count, 1000):
        with UnitOfWork(store) as uow:
            for number in range(start, start + 1000):
                uow.publish(topic, key=f"k{number % KEYS}", payload={"n": number})
    return {f"k{key}": list(range(key, count, KEYS)) for key in range(KEYS)}


def burnt(store: EventStore, name: str) -> tuple[int, list[object]]:
    """Attempts of the shard, and letters."""
    return row_of(store, name).attempts, [*letter_facts(store, name)]


@pytest.mark.promise(39)
@pytest.mark.databases("postgresql")
@pytest.mark.parametrize(
    ("broker_name", "count"),
    [
        ("kafka", MESSAGES),
        ("valkey", MESSAGES),
        ("nats", FEWER),
        ("rabbitmq", FEWER),
        ("webhook", FEWER),
    ],
)
def test_an_outage_burns_no_attempt_and_all_leaves_after_it(
    store: EventStore, running: Running, target: BrokerTarget, count: int
) -> None:
    """The host is gone, and so is the broker where that loses nothing; in order per key."""
    name, committed = f"relay:{target.topic}", written(store, target.topic, count)
    target.wire.refuse()
    publisher = publisher_for(target.with_options(timeout=10))
    running(Relay(store, publisher, topics=[target.topic]))

    def pass_time() -> None:
        wait_until(lambda: has_rows(store, name) and row_of(store, name).status == "retrying")
        over = time.monotonic() + OUTAGE
        while time.monotonic() < over:
            assert (0, []) == burnt(store, name)
            threading.Event().wait(0.1)  # the outage has a length

    target.interrupt(pass_time)
    target.wire.accept()
    last = store.now().last
    wait_until(lambda: all_passed(store, 1, last, name), DEADLINE)
    assert (0, []) == burnt(store, name)
    assert {} == target.account().faults(committed)
