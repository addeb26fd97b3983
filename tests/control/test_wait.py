"""Promise 29: a token names one commit, and waiting for it ends in time or with the cause."""

import time
from typing import Any

import pytest
from attrs import evolve

from sourcery import Consumer, EventStore, Token, UnitOfWork
from sourcery.context import Causes, handling
from sourcery.errors import (
    ConsumerNotFound,
    InvalidArgument,
    TokenRefused,
    UseTheHandlersSession,
    WaitTimeout,
)
from tests.control.conftest import Background
from tests.control.support import (
    MOMENT,
    NAME,
    deposits,
    moved,
    of_shard,
    owned,
    page,
    registered,
    rows,
)
from tests.domain import ADA, BOB, Deposited, Opened
from tests.ordering.support import in_flight, wait_until

pytestmark = pytest.mark.promise(29)


def test_it_returns_when_the_checkpoint_is_there(bank: EventStore, background: Background) -> None:
    """Not before; and the token may have been through JSON."""
    token = deposits(bank, ADA, 3)
    consumer = registered(bank)
    lease = owned(consumer)
    waiting = background(consumer.wait_for, Token.from_json(token.to_json()))
    page(consumer, lease, 0, 2)
    with pytest.raises(WaitTimeout):
        consumer.wait_for(token, timeout=MOMENT)
    assert not waiting.done()
    page(consumer, lease, 2, 3)
    waiting.result()


def test_too_late_says_that_it_is_paused(bank: EventStore) -> None:
    """And what ends that."""
    token = deposits(bank, ADA)
    consumer = registered(bank)
    consumer.pause()
    with pytest.raises(WaitTimeout, match=r"it is paused: call .*resume\(\)"):
        consumer.wait_for(token, timeout=MOMENT)


def test_only_the_shards_of_its_events_must_be_there(bank: EventStore) -> None:
    """Shards are found by the buckets of the token."""
    token = deposits(bank, of_shard(1, 3))
    consumer = registered(bank, shards=3)
    moved(consumer, 1, shard=1)
    consumer.wait_for(token)
    with pytest.raises(WaitTimeout):
        consumer.wait_for(evolve(token, buckets=(*token.buckets, 0)), timeout=MOMENT)


def test_everything_until_now_is_all_shards(bank: EventStore) -> None:
    """A token of no events names no bucket."""
    deposits(bank, of_shard(1, 2))
    consumer = registered(bank, shards=2)
    moved(consumer, 1, shard=1)
    with pytest.raises(WaitTimeout):
        consumer.wait_for(bank.now(), timeout=MOMENT)
    moved(consumer, 1, shard=0)
    consumer.wait_for(bank.now())


def test_it_waits_at_most_its_timeout_and_says_how_far_it_is(bank: EventStore) -> None:
    """With what was needed, reached, and settled."""
    deposits(bank, ADA, 2)
    consumer = registered(bank, position=1)
    began = time.monotonic()
    with pytest.raises(WaitTimeout) as timeout:
        consumer.wait_for(bank.now(), timeout=MOMENT)
    assert MOMENT <= time.monotonic() - began < 10 * MOMENT
    assert (2, 1, 2, MOMENT) == (
        timeout.value.needed,
        timeout.value.reached,
        timeout.value.settled,
        timeout.value.seconds,
    )


def test_it_waits_no_longer_when_the_row_is_locked(bank: EventStore) -> None:
    """Of a worker that hangs with its page open."""
    token = deposits(bank, ADA)
    consumer = registered(bank)
    with bank.database.connect_to_write() as other, other.begin():
        other.exec_driver_sql("update sourcery_consumers set attempts = 1")
        began = time.monotonic()
        with pytest.raises(WaitTimeout):
            consumer.wait_for(token, timeout=MOMENT)
        assert time.monotonic() - began < 10 * MOMENT


def test_a_timeout_of_nothing_looks_once(bank: EventStore) -> None:
    """It tells whether the consumer is there."""
    token = deposits(bank, ADA)
    consumer = registered(bank)
    with pytest.raises(WaitTimeout):
        consumer.wait_for(token, timeout=0)
    moved(consumer, 1)
    consumer.wait_for(token, timeout=0)


@pytest.mark.promise(49)
def test_rule_28_the_owner_is_asked_to_write_its_checkpoint(
    bank: EventStore, background: Background
) -> None:
    """It would write one that only moved over others' events once a second."""
    token = deposits(bank, ADA, 4)
    consumer = registered(bank, shards=2, events=Opened)
    leases = [owned(consumer, shard) for shard in (0, 1)]
    waiting = background(consumer.wait_for, token)
    wait_until(lambda: [4] == [row.awaited for row in rows(consumer) if row.awaited])
    [shard] = [row.shard for row in rows(consumer) if row.awaited]
    page(consumer, leases[shard], 0, 4)
    waiting.result()


def test_a_token_of_another_store_is_refused(bank: EventStore) -> None:
    """And what is no token, and what never ran."""
    token = deposits(bank, ADA)
    consumer = registered(bank, position=1)
    with pytest.raises(TokenRefused):
        consumer.wait_for(evolve(token, store_id="another"))
    text: Any = token.to_json()
    with pytest.raises(InvalidArgument, match="token"):
        consumer.wait_for(text)
    with pytest.raises(ConsumerNotFound):
        Consumer(bank, "never").wait_for(token)


@pytest.mark.promise(17)
@pytest.mark.promise(49)
def test_rule_5_a_commit_that_is_gone_was_not_handled(bank: EventStore) -> None:
    """Rolled back by its owner, or lost by a fail-over; others may have its positions by now."""
    with in_flight(bank) as flight:
        with UnitOfWork(bank, session=flight.connection) as uow:
            uow.append(ADA, [Deposited(1)])
        flight.rollback()
    consumer = registered(bank)
    for reached in (2, 3):
        deposits(bank, BOB)
        moved(consumer, reached, shard=0)
        with pytest.raises(TokenRefused, match="rolled back, or lost"):
            consumer.wait_for(uow.token)


@pytest.mark.promise(49)
def test_rule_15_a_handler_that_waits_would_wait_for_itself(bank: EventStore) -> None:
    """So does one that steers; it is told what to do."""
    token = deposits(bank, ADA)
    consumer = registered(bank)
    waits = [
        lambda: consumer.wait_for(token),
        consumer.pause,
        lambda: consumer.rewind(0),
        lambda: consumer.reshard(2),
        lambda: consumer.change_filter(Opened, rewind_to=None),
        consumer.forget,
    ]
    for wait in waits:
        with handling(Causes(in_transaction=True)), pytest.raises(UseTheHandlersSession):
            wait()
    with handling(Causes(in_transaction=False)), pytest.raises(WaitTimeout):
        consumer.wait_for(token, timeout=0)


@pytest.mark.parametrize("timeout", [-1, float("nan"), "5", True, None])
def test_a_timeout_is_a_number_of_seconds(bank: EventStore, timeout: Any) -> None:
    """Anything else is refused before the database is asked."""
    consumer = Consumer(bank, NAME)
    for call in (consumer.pause, lambda timeout: consumer.wait_for(bank.now(), timeout)):
        with pytest.raises(InvalidArgument, match="timeout"):
            call(timeout=timeout)
