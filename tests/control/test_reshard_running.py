"""Resharding and another filter while workers and writers are at work: exactly once, in order."""

from collections import defaultdict
from threading import Event

import pytest

from sourcery import NOW, Consumer, EventStore, Stream
from sourcery.errors import ConsumerMismatch
from tests.control.conftest import Background
from tests.control.support import NAME, deposits, positions, rows
from tests.control.workers import make_notes, noted, running, subscriber
from tests.domain import ADA, Deposited, Opened, append
from tests.ordering.support import wait_until

STREAMS = [Stream("account", n) for n in range(8)]


@pytest.fixture
def shop(bank: EventStore) -> EventStore:
    """A store with a read model beside it."""
    make_notes(bank)
    return bank


def write_until(store: EventStore, stop: Event) -> int:
    """Append to the streams in turn; the number of events."""
    written = 0
    while not stop.is_set():
        deposits(store, STREAMS[written % len(STREAMS)])
        written += 1
    return written


def by_stream(texts: list[str]) -> dict[str, list[int]]:
    """Versions in the order they were handled."""
    found: dict[str, list[int]] = defaultdict(list)
    for text in texts:
        stream, version = text.split()
        found[stream].append(int(version))
    return found


@pytest.mark.promise(23)
@pytest.mark.promise(49)
def test_rule_18_resharding_under_load_loses_and_doubles_nothing(
    shop: EventStore, background: Background
) -> None:
    """Two workers of two shards, then two of three; every stream in order. A double is an error."""
    stop = Event()
    writing = background(write_until, shop, stop)
    consumer = Consumer(shop, NAME)
    old = [subscriber(shop, shards=2, page=5) for _ in range(2)]
    with running(*old, until_changed=True) as threads:
        wait_until(lambda: len(noted(shop)) > 20)
        consumer.reshard(3)
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()
    seen = len(noted(shop))
    with running(*[subscriber(shop, shards=3, page=5) for _ in range(2)]):
        wait_until(lambda: len(noted(shop)) > seen + 20)
        stop.set()
        written = writing.result()
        consumer.wait_for(shop.now(), timeout=20)
    handled = by_stream(noted(shop))
    assert written == sum(map(len, handled.values()))
    assert all(versions == sorted(versions) for versions in handled.values())


def test_a_worker_of_the_old_number_ends(shop: EventStore) -> None:
    """It says what to do; the stored number is the one that counts."""
    deposits(shop, ADA)
    worker = subscriber(shop)
    worker.drain(20)
    Consumer(shop, NAME).reshard(2)
    with pytest.raises(ConsumerMismatch, match="shards 2, the program says 1"):
        worker.run()
    subscriber(shop, shards=2).drain(20)


@pytest.mark.promise(49)
def test_rule_18_a_filter_changes_under_a_worker(shop: EventStore) -> None:
    """The old program ends, the new one reads the new kinds from where it was told to."""
    append(shop, ADA, [Opened("ada")])
    deposits(shop, ADA)
    consumer = Consumer(shop, NAME)
    old = subscriber(shop)
    old.drain(20)
    consumer.change_filter(Opened | Deposited, rewind_to=NOW)
    with pytest.raises(ConsumerMismatch, match="filter"):
        old.run()
    subscriber(shop, events=Opened | Deposited).drain(20)
    assert ["account/ada 2"] == noted(shop)
    consumer.change_filter(Opened, rewind_to=0)
    subscriber(shop, events=Opened).drain(20)
    assert ["account/ada 2", "account/ada 1"] == noted(shop)


def test_a_consumer_can_be_forgotten_and_begin_anew(shop: EventStore) -> None:
    """From where its program says."""
    deposits(shop, ADA)
    subscriber(shop).drain(20)
    consumer = Consumer(shop, NAME)
    consumer.forget()
    subscriber(shop, after=NOW, shards=2).drain(20)
    assert (1, [1, 1], 2) == (len(noted(shop)), positions(consumer), len(rows(consumer)))
