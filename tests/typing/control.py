"""Seeing and steering consumers."""

from datetime import UTC, datetime
from typing import Any, assert_type

from sourcery import (
    NOW,
    ORIGIN,
    Consumer,
    ConsumerHealth,
    EventStore,
    Letter,
    Stream,
    consumer_health,
)
from sourcery.control import ShardHealth, ShardState
from tests.typing.domain import AccountEvent, Deposited, Opened


def health_is_data(store: EventStore) -> None:
    """Of one consumer and of all."""
    health = Consumer(store, "balances").health(stalled_after=30)
    assert_type(health, ConsumerHealth)
    assert_type(health.shards, tuple[ShardHealth, ...])
    assert_type(health.state, ShardState)
    assert_type(health.shards[0].events_behind, int)
    assert_type(health.to_dict(), dict[str, Any])
    assert_type(consumer_health(store), list[ConsumerHealth])


def steering_counts(store: EventStore) -> None:
    """What is counted is a number."""
    consumer = Consumer(store, "balances")
    assert_type(consumer.rewind(ORIGIN), int)
    assert_type(consumer.rewind(datetime.now(UTC)), int)
    assert_type(consumer.skip(NOW, timeout=1), int)
    assert_type(consumer.retry(), int)
    assert_type(consumer.retry(key=Stream("account", 1)), int)
    assert_type(consumer.letters(), list[Letter])
    assert_type(consumer.letters()[0].error, str | None)


def going_back_is_never_to_now(store: EventStore) -> None:
    """Now is forward."""
    Consumer(store, "balances").rewind(NOW)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def a_filter_asks_for_a_choice(store: EventStore) -> None:
    """Keep the position, or say where to begin again."""
    consumer = Consumer(store, "balances")
    consumer.change_filter(AccountEvent, ["account"], rewind_to=None)
    consumer.change_filter(Opened | Deposited, rewind_to=ORIGIN)
    consumer.change_filter(Deposited)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
