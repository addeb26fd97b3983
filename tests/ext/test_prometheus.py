"""The collector for Prometheus, asked through a real registry and its text format."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, event

from sourcery import EventStore, UnitOfWork
from sourcery.errors import InvalidArgument
from sourcery.ext.prometheus import METRICS, StoreCollector
from tests.docs.test_blocks import ROOT
from tests.relay.support import Broker, publish, relay
from tests.subscriber.support import Fails, deposit, ignore, policy, subscriber

PAGE = (ROOT / "docs/how-to/observe.md").read_text()


class Scraped:
    """What a scrape said: the value of a metric with these labels."""

    def __init__(self, collector: StoreCollector) -> None:
        registry = CollectorRegistry()
        registry.register(collector)
        text = generate_latest(registry).decode()
        families = text_string_to_metric_families(text)
        self.samples = [sample for family in families for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> list[float]:
        """The values of all samples that have at least these labels."""
        return [
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]


def test_a_consumer_is_told_by_its_shards(bank: EventStore) -> None:
    """Its state, its checkpoint, and what it has before it in events and seconds."""
    subscriber(bank, ignore).drain()
    last = deposit(bank, count=3)
    scraped = Scraped(StoreCollector(bank))
    shard = {"store": "default", "consumer": "notes", "shard": "0"}
    assert [1.0] == scraped("sourcery_up", store="default")
    assert [1.0] == scraped("sourcery_consumer_state", state="stopped", **shard)
    assert 1.0 == sum(scraped("sourcery_consumer_state", **shard))
    assert [3.0] == scraped("sourcery_consumer_lag_events", **shard)
    assert [last - 3] == scraped("sourcery_consumer_position", **shard)
    assert [True] == [lag >= 0 for lag in scraped("sourcery_consumer_lag_seconds", **shard)]
    assert [last] == scraped("sourcery_settled_position")


def test_letters_and_attempts_are_told(bank: EventStore) -> None:
    """By status; all of them are there, also those without letters."""
    deposit(bank, count=3)
    subscriber(bank, Fails(["ada 1"]), on_error=policy("park")).drain()
    scraped = Scraped(StoreCollector(bank))
    letters = {
        status: scraped("sourcery_dead_letters", consumer="notes", status=status)
        for status in ("blocked", "behind", "parked", "dead", "skipped")
    }
    expected = {"blocked": [0], "behind": [2], "parked": [1], "dead": [0], "skipped": [0]}
    assert expected == letters


def test_the_outbox_is_told_by_topic_and_relay(bank: EventStore) -> None:
    """A topic that no relay has read has an empty one."""
    publish(bank, [1, 2])
    relay(bank, Broker()).drain()
    publish(bank, [3])
    publish(bank, [4, 5], topic="unread")
    scraped = Scraped(StoreCollector(bank))
    assert [1.0] == scraped("sourcery_outbox_pending", topic="payments", relay="relay:payments")
    assert [2.0] == scraped("sourcery_outbox_pending", topic="unread", relay="")
    assert [True] * 2 == [age >= 0 for age in scraped("sourcery_outbox_oldest_seconds")]


def test_several_stores_are_one_collector(bank: EventStore) -> None:
    """With the names they are given; one that cannot be read does not hide the other."""
    with EventStore("sqlite://") as empty:  # was never upgraded
        scraped = Scraped(StoreCollector({"bank": bank, "empty": empty}))
    assert [1.0] == scraped("sourcery_up", store="bank")
    assert [0.0] == scraped("sourcery_up", store="empty")
    assert [] == scraped("sourcery_settled_position", store="empty")


def test_a_scrape_never_raises(bank: EventStore, caplog: pytest.LogCaptureFixture) -> None:
    """It says once why there are no values."""
    collector = StoreCollector(bank)
    bank.close()
    with caplog.at_level(logging.WARNING):
        scrapes = [Scraped(collector)("sourcery_up") for _ in range(3)]
    assert [[0.0]] * 3 == scrapes
    assert ["StoreClosed"] == [record.__dict__["error_class"] for record in caplog.records]


def test_being_registered_asks_nothing() -> None:
    """The database may not be there yet."""
    with EventStore("postgresql://nobody@127.0.0.1:1/nowhere") as store:
        CollectorRegistry().register(StoreCollector(store))


def count(engine: Engine, call: Callable[[], object]) -> int:
    """Statements of a call."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_a_scrape_costs_a_bounded_number_of_statements(bank: EventStore) -> None:
    """However many events, consumers and topics there are."""
    for number in range(6):
        subscriber(bank, ignore, name=f"consumer {number}").run_once()
        publish(bank, [number], topic=f"topic {number}")
    limited = StoreCollector(bank, shards=2, topics=2)
    first = count(bank.engine, lambda: Scraped(limited))
    deposit(bank, count=1000)
    for number in range(6, 9):
        subscriber(bank, ignore, name=f"consumer {number}").run_once()
        publish(bank, [number], topic=f"topic {number}")
    assert first == count(bank.engine, lambda: Scraped(limited)) <= 25
    assert ([1.0], [0.0]) == (
        Scraped(limited)("sourcery_left_out"),
        Scraped(StoreCollector(bank))("sourcery_left_out"),
    )


def test_a_transaction_in_flight_is_told(bank: EventStore) -> None:
    """On PostgreSQL it holds the settled position back, and has an age; elsewhere it is 0."""
    with UnitOfWork(bank) as uow:
        uow.session.connection()
        [age] = Scraped(StoreCollector(bank))("sourcery_floor_seconds")
    assert age >= 0


@pytest.mark.parametrize("limits", [{"shards": 0}, {"topics": -1}, {"topics": True}])
def test_a_limit_is_a_whole_number(bank: EventStore, limits: dict[str, Any]) -> None:
    """From one."""
    with pytest.raises(InvalidArgument):
        StoreCollector(bank, **limits)


def test_every_metric_is_documented() -> None:
    """By its name."""
    assert [] == [name for name in METRICS if f"`{name}`" not in PAGE]
