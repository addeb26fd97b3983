"""Health as data, from any process."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from sourcery import Consumer, EventStore, consumer_health
from sourcery.consumers import LetterStatus, release, renew, rows_of, want
from sourcery.consumers.filters import EventFilter
from sourcery.consumers.rows import Status
from sourcery.errors import RequestUnanswered
from sourcery.subscriber import filter_text
from tests.control.support import (
    MOMENT,
    deposits,
    failed,
    given_up,
    owned,
    page,
    registered,
    write,
)
from tests.domain import ADA, Deposited, Opened


def states(consumer: Consumer) -> list[str]:
    """The states of all shards, as computed."""
    return [shard.state.value for shard in consumer.health().shards]


def test_a_consumer_that_does_not_run(bank: EventStore) -> None:
    """It is stopped, and so is one whose worker's lease ran out."""
    consumer = registered(bank, shards=2)
    owned(consumer, shard=1, seconds=-1)
    health = consumer.health()
    assert ["stopped", "stopped"] == states(consumer)
    assert ("balances", "events", 0, "stopped") == (
        health.name,
        health.log,
        health.settled,
        health.state,
    )
    assert {(None, None, None)} == {(s.owner, s.rate, s.tick_age) for s in health.shards}


def test_a_consumer_that_runs(bank: EventStore) -> None:
    """Its worker, its rate, and when its loop last turned."""
    deposits(bank, ADA, 2)
    consumer = registered(bank)
    lease = owned(consumer)
    assert ["catching_up"] == states(consumer)
    dialect = bank.database.dialect

    def beat(connection: Connection) -> bool:
        now = dialect.now(connection)
        return renew(connection, dialect, lease, until=now + timedelta(60), ticked=now, rate=12.5)

    assert write(bank, beat)
    page(consumer, lease, 0, 2)
    [shard] = consumer.health().shards
    assert ("live", "worker 0", 12.5) == (shard.state, shard.owner, shard.rate)
    assert shard.tick_age is not None
    assert 0 <= shard.tick_age < 10
    assert "stalled" == consumer.health(stalled_after=0).state


def test_a_new_owner_is_not_stalled(bank: EventStore) -> None:
    """What the one before it left behind says nothing."""
    consumer = registered(bank)
    lease = owned(consumer)
    dialect = bank.database.dialect

    def leave(connection: Connection) -> bool:
        now = dialect.now(connection)
        old = now - timedelta(days=1)
        renew(connection, dialect, lease, until=now, ticked=old, rate=None)
        return release(connection, dialect, lease, now)

    assert write(bank, leave)
    owned(consumer)
    assert ["catching_up"] == states(consumer)


def test_a_standby_is_named(bank: EventStore) -> None:
    """The worker that wants the shard, as long as it says so."""
    consumer = registered(bank)
    owned(consumer)
    dialect = bank.database.dialect

    def wish(connection: Connection, seconds: int) -> bool:
        [row] = rows_of(connection, dialect, consumer.name)
        return want(connection, dialect, row, "other", row.now + timedelta(seconds=seconds))

    for seconds, standby in ((60, "other"), (-1, None)):
        assert write(bank, lambda c, seconds=seconds: wish(c, seconds))
        assert [standby] == [shard.standby for shard in consumer.health().shards]


@pytest.mark.promise(24)
def test_attempts_and_errors_are_seen(bank: EventStore) -> None:
    """Of an event that is tried again, with when; and of one that is not."""
    consumer = registered(bank, shards=2)
    failed(consumer, Status.RETRYING, shard=0)
    owned(consumer, shard=0)
    failed(consumer, Status.FAULTED, shard=1)
    retrying, faulted = consumer.health().shards
    assert "faulted" == consumer.health().state
    assert (6, "ValueError: no") == (faulted.attempts, faulted.error)
    assert (6, "ValueError: no") == (retrying.attempts, retrying.error)
    assert retrying.next_attempt_at is not None
    assert abs(retrying.next_attempt_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_worst_shard_is_the_state_of_the_consumer(bank: EventStore) -> None:
    """Whatever the others do."""
    consumer = registered(bank, shards=3)
    owned(consumer, shard=0)
    assert "stopped" == consumer.health().state
    consumer.store.database.start()
    failed(consumer, shard=2)
    assert "faulted" == consumer.health().state


def test_letters_are_counted_by_status(bank: EventStore) -> None:
    """All statuses, also those without a letter."""
    deposits(bank, ADA, 3)
    consumer = registered(bank)
    parked, dead = LetterStatus.PARKED, LetterStatus.DEAD
    for recorded, status in zip(bank.read(ADA), [parked, dead, dead], strict=True):
        given_up(consumer, recorded, status)
    expected = dict.fromkeys(LetterStatus, 0) | {parked: 1, dead: 2}
    assert expected == consumer.health().letters


def test_a_request_that_waits_is_seen(bank: EventStore) -> None:
    """Until it is obeyed."""
    consumer = registered(bank)
    owned(consumer)
    with pytest.raises(RequestUnanswered):
        consumer.pause(timeout=MOMENT)
    assert ["pause"] == [shard.request for shard in consumer.health().shards]


def test_all_consumers_of_a_store(bank: EventStore) -> None:
    """By name."""
    assert [] == consumer_health(bank)
    registered(bank, shards=2, name="b")
    registered(bank, name="a")
    found = consumer_health(bank)
    assert [("a", 1), ("b", 2)] == [(health.name, len(health.shards)) for health in found]
    assert found[0] == Consumer(bank, "a").health()


def test_health_is_json(bank: EventStore) -> None:
    """Times and states as text."""
    consumer = registered(bank)
    failed(consumer, Status.RETRYING)
    owned(consumer)
    told = json.loads(json.dumps(consumer.health().to_dict()))
    assert ("retrying", "retrying", 0) == (
        told["state"],
        told["shards"][0]["state"],
        told["letters"]["parked"],
    )
    assert datetime.fromisoformat(told["shards"][0]["next_attempt_at"]).tzinfo


def test_the_filter_of_a_row_is_the_subscribers() -> None:
    """What one writes the other understands."""
    text = filter_text([Opened, Deposited], ["b", "a"])
    assert text == EventFilter.from_json(text).to_json()
