"""Another number of shards: in one transaction, and no lease survives it."""

import time
from datetime import timedelta

import pytest

from sourcery import Consumer, EventStore
from sourcery.consumers import ConsumerRow, Lease, LeaseLost, whole
from sourcery.errors import (
    InvalidArgument,
    RequestRefused,
    RequestUnanswered,
    WaitTimeout,
)
from tests.control.conftest import Background
from tests.control.support import (
    MOMENT,
    deposits,
    failed,
    given_up,
    moved,
    obeyed,
    owned,
    page,
    positions,
    registered,
    rows,
    statuses,
    write,
)
from tests.domain import ADA
from tests.ordering.support import wait_until


def holds(consumer: Consumer) -> list[int | None]:
    """Where the shards are asked to stand still."""
    return [row.hold_at for row in rows(consumer)]


def epochs(found: list[ConsumerRow]) -> list[int]:
    """The fencing numbers."""
    return [row.epoch for row in found]


@pytest.mark.promise(49)
def test_rule_18_shards_are_replaced_in_one_transaction(bank: EventStore) -> None:
    """At the position where all stand, above every epoch of before."""
    deposits(bank, ADA, 5)
    consumer = registered(bank, shards=2, position=4)
    owned(consumer, shard=1, seconds=-1)
    before = rows(consumer)
    consumer.reshard(3)
    after = rows(consumer)
    assert [4, 4, 4] == positions(consumer)
    assert [(n, 3, before[0].filter) for n in range(3)] == [
        (row.shard, row.shards, row.filter) for row in after
    ]
    assert [max(epochs(before)) + 1] * 3 == epochs(after)


def test_letters_fall_to_the_new_shards(bank: EventStore) -> None:
    """By their buckets; a retry finds them."""
    deposits(bank, ADA)
    consumer = registered(bank, position=1)
    given_up(consumer, next(bank.read(ADA)))
    consumer.reshard(7)
    assert 1 == consumer.retry(position=1)


def test_a_worker_of_before_writes_nothing(bank: EventStore) -> None:
    """Its page is rolled back, whether the shard is still there or not."""
    deposits(bank, ADA, 5)
    consumer = registered(bank, shards=2)
    leases = [owned(consumer, shard) for shard in (0, 1)]
    consumer.reshard(1)
    for lease in leases:
        with pytest.raises(LeaseLost):
            page(consumer, lease, 0, 5)
    assert [0] == positions(consumer)


def test_shards_are_held_where_the_furthest_stands(
    bank: EventStore, background: Background
) -> None:
    """Workers bring them there, one by one; then they are replaced."""
    deposits(bank, ADA, 9)
    consumer = registered(bank, shards=3)
    leases: list[Lease] = []
    for shard, position in enumerate((2, 7, 4)):
        moved(consumer, position, shard)
        leases.append(owned(consumer, shard))
    resharding = background(consumer.reshard, 2)
    wait_until(lambda: [7, 7, 7] == holds(consumer))
    page(consumer, leases[0], 2, 7)
    assert not resharding.done()
    page(consumer, leases[2], 4, 7)
    resharding.result()
    assert ([7, 7], [None, None]) == (positions(consumer), holds(consumer))


def test_the_hold_follows_who_did_not_see_it_in_time(
    bank: EventStore, background: Background
) -> None:
    """A page that was open when the hold came may go beyond it."""
    deposits(bank, ADA, 9)
    consumer = registered(bank, shards=2)
    moved(consumer, 5, shard=0)
    leases = [owned(consumer, shard) for shard in (0, 1)]
    resharding = background(consumer.reshard, 1)
    wait_until(lambda: [5, 5] == holds(consumer))
    page(consumer, leases[1], 0, 8)
    wait_until(lambda: [8, 8] == holds(consumer))
    page(consumer, leases[0], 5, 8)
    resharding.result()
    assert [8] == positions(consumer)


def test_a_hold_is_taken_back_when_the_time_is_over(bank: EventStore) -> None:
    """The shards go on as they were."""
    deposits(bank, ADA, 5)
    consumer = registered(bank, shards=2)
    moved(consumer, 5, shard=0)
    owned(consumer, shard=1)
    with pytest.raises(WaitTimeout) as timeout:
        consumer.reshard(3, timeout=MOMENT)
    assert (5, 0) == (timeout.value.needed, timeout.value.reached)
    assert ([None, None], [5, 0]) == (holds(consumer), positions(consumer))


def test_different_positions_need_a_worker(bank: EventStore) -> None:
    """Refused at once without one; nothing is held then."""
    deposits(bank, ADA, 5)
    consumer = registered(bank, shards=2)
    moved(consumer, 5, shard=0)
    began = time.monotonic()
    with pytest.raises(RequestRefused, match="stand at 5, 0 and nobody runs them: run it"):
        consumer.reshard(3)
    assert time.monotonic() - began < 5
    assert [None, None] == holds(consumer)


def test_shards_that_stand_still_come_nowhere(bank: EventStore) -> None:
    """A faulted one, and one that is paused elsewhere."""
    deposits(bank, ADA, 5)
    consumer = registered(bank, shards=2)
    failed(consumer, shard=1)
    with pytest.raises(RequestRefused, match="shard 1 is faulted at position 0: resume it first"):
        consumer.reshard(3)
    consumer.pause()
    moved(consumer, 5, shard=0)
    owned(consumer)
    with pytest.raises(RequestRefused, match="shard 1 is paused at position 0: resume it first"):
        consumer.reshard(3)


def test_a_pause_survives(bank: EventStore) -> None:
    """New shards of a paused consumer are paused."""
    consumer = registered(bank, shards=2)
    consumer.pause()
    consumer.reshard(3)
    assert ["paused"] * 3 == statuses(consumer)


def test_the_same_number_changes_nothing(bank: EventStore) -> None:
    """No lease is lost."""
    consumer = registered(bank, shards=2)
    owned(consumer)
    before = epochs(rows(consumer))
    consumer.reshard(2)
    assert before == epochs(rows(consumer))
    with pytest.raises(InvalidArgument, match="shards"):
        consumer.reshard(0)


def test_a_hold_that_was_left_behind_is_lifted_by_resume(bank: EventStore) -> None:
    """The process that held the shards may have died; health shows the hold."""
    consumer = registered(bank, shards=2)
    later = rows(consumer)[0].now + timedelta(minutes=1)
    write(bank, lambda connection: whole.hold(connection, consumer.name, 5, later))
    assert [5, 5] == [shard.hold_at for shard in consumer.health().shards]
    consumer.resume()
    assert [None, None] == holds(consumer)


def test_a_hold_that_was_left_behind_ends_by_itself(bank: EventStore) -> None:
    """So that no consumer stands still for ever because a process died that looked at it."""
    consumer = registered(bank, shards=2)
    past = rows(consumer)[0].now - timedelta(seconds=1)
    write(bank, lambda connection: whole.hold(connection, consumer.name, 5, past))
    assert [None, None] == holds(consumer)


def test_what_was_asked_before_is_obeyed_first(bank: EventStore) -> None:
    """New rows would have forgotten it."""
    consumer = registered(bank)
    lease = owned(consumer)
    with pytest.raises(RequestUnanswered):
        consumer.pause(timeout=MOMENT)
    with pytest.raises(WaitTimeout):
        consumer.reshard(2, timeout=MOMENT)
    obeyed(consumer, lease)
    consumer.reshard(2)
    assert ["paused", "paused"] == statuses(consumer)
