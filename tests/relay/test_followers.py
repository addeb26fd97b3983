"""What waited behind a message that failed leaves in order, and faster and faster."""

import pytest
from sqlalchemy import event

from sourcery import Consumer, EventStore
from tests.ordering.support import DEADLINE
from tests.relay.support import (
    NAME,
    Broker,
    fails,
    letter_facts,
    policy,
    publish,
    relay,
    statuses,
)

pytestmark = pytest.mark.promise(39)

MANY = 300


def stuck(store: EventStore) -> Broker:
    """Many messages of one key, all behind the first, and some of others between."""
    for number in range(MANY):
        publish(store, [number], key="ada")
        if number % 10 == 0:
            publish(store, [MANY + number], key=f"bob {number}")
    broker = Broker(fails([0]))
    relay(store, broker, on_error=policy(retries=0)).drain(DEADLINE)
    assert MANY == len(letter_facts(store))
    return broker


def test_they_leave_in_order(store: EventStore) -> None:
    """With a few transactions, not two for each."""
    broker = stuck(store)
    broker.judge = fails([])
    Consumer(store, NAME).retry()
    commits: list[object] = []
    event.listen(store.engine, "commit", commits.append)
    relay(store, broker).drain(DEADLINE)
    assert (list(range(MANY)), []) == (broker.numbers_of("ada"), statuses(store))
    assert len(commits) < MANY / 3


def test_one_that_fails_stops_them(store: EventStore) -> None:
    """It becomes the head, with the attempts of its own; what is before it has left."""
    broker = stuck(store)
    broker.judge = fails([77])
    Consumer(store, NAME).retry()
    relay(store, broker, on_error=policy(retries=1)).drain(DEADLINE)
    assert list(range(77)) == broker.numbers_of("ada")
    head, *others = letter_facts(store)
    assert ("payments/ada", "parked", 2) == head
    assert {("payments/ada", "behind", 0)} == {*others}
    broker.judge = fails([])
    Consumer(store, NAME).retry()
    relay(store, broker).drain(DEADLINE)
    assert list(range(MANY)) == broker.numbers_of("ada")


def test_what_comes_meanwhile_follows(store: EventStore) -> None:
    """In order, when the last letter has left."""
    broker = stuck(store)
    broker.judge = fails([])
    Consumer(store, NAME).retry()
    publish(store, [MANY * 9], key="ada")
    relay(store, broker, page=20).drain(DEADLINE)
    assert ([*range(MANY), MANY * 9], []) == (broker.numbers_of("ada"), statuses(store))
