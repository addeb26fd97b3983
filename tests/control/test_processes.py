"""Steering a subscriber that runs in another process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

from sourcery import Consumer, EventStore
from sourcery.errors import ConsumerNotFound
from tests.control.support import NAME, deposits, positions
from tests.databases import Database
from tests.domain import ADA
from tests.ordering.support import wait_until

#: Runs until its input ends.
PROGRAM = f"""
import sys
from threading import Event, Thread
from sourcery import EventStore, Subscriber
from tests.domain import Deposited

stop = Event()
Thread(target=lambda: (sys.stdin.read(), stop.set())).start()
store = EventStore(sys.argv[1])
Subscriber(store, {NAME!r}, lambda uow, recorded: None, events=Deposited).run(stop)
"""


@contextmanager
def running(database: Database) -> Iterator[Popen[str]]:
    """Run the program; it must end well."""
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", PROGRAM, url]
    with Popen(command, stdin=PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.communicate(timeout=20)
    assert 0 == process.returncode


def runs(consumer: Consumer) -> bool:
    """Whether a worker has it."""
    try:
        return consumer.health().state == "live"
    except ConsumerNotFound:
        return False


def test_a_consumer_of_another_process_obeys(bank: EventStore, database: Database) -> None:
    """And its health names that process; when it ends, so does its lease."""
    token = deposits(bank, ADA, 2)
    consumer = Consumer(bank, NAME)
    with running(database) as process:
        wait_until(lambda: runs(consumer))
        consumer.wait_for(token)
        [shard] = consumer.health().shards
        assert f":{process.pid}:" in str(shard.owner)
        consumer.pause()
        last = deposits(bank, ADA)
        assert (1, [2]) == (consumer.health().shards[0].events_behind, positions(consumer))
        consumer.resume()
        consumer.wait_for(last)
    assert "stopped" == consumer.health().state
