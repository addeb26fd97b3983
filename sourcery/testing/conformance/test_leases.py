"""Promise 22: one worker has a shard, by a lease that others see, and give back or outlive."""

from datetime import timedelta

import pytest

from sourcery import EventStore
from sourcery.consumers import ConsumerRow
from sourcery.testing.conformance.crew.handling import overlaps
from sourcery.testing.conformance.crew.members import Crew, rows
from sourcery.testing.conformance.support import append, wait_until

pytestmark: object = pytest.mark.promise(22)


def test_one_of_two_has_the_shard(store: EventStore, crew: Crew) -> None:
    """The other stands by, and handles nothing."""
    first = crew.hire().start()
    first.wait_for_shards(1)
    second = crew.hire().start()
    wait_until(lambda: rows(store)[0].live_wanter == second.owner)
    append(store, "a", 5)
    wait_until(lambda: len(crew.handled) == 5)
    assert {"worker 0"} == {handled.worker for handled in crew.handled}


def test_a_stopped_owner_is_replaced_at_once(store: EventStore, crew: Crew) -> None:
    """Not after its lease of an hour."""
    first, second = (crew.hire(lease=3600.0) for _ in range(2))
    first.start().wait_for_shards(1)
    second.start()
    wait_until(lambda: rows(store)[0].live_wanter == second.owner)
    epoch = rows(store)[0].epoch
    first.stop()
    second.wait_for_shards(1)
    assert epoch + 1 == rows(store)[0].epoch


def test_many_who_begin_and_end_never_work_at_once(store: EventStore, crew: Crew) -> None:
    """Under load, one shard, four workers, of which two stop and two come."""
    members = [crew.hire().start() for _ in range(4)]
    for count in (10, 20):
        append(store, "a", 10)
        wait_until(lambda expected=count: len(crew.handled) >= expected)
        members.pop(0).stop()
        members.append(crew.hire().start())
    append(store, "a", 10)
    wait_until(lambda: len(crew.handled) >= 30)
    assert list(range(1, 31)) == [handled.version for handled in crew.handled]
    assert [] == overlaps(crew.handled, shards=1)


def test_a_lease_is_as_long_as_it_was_asked_for(store: EventStore, crew: Crew) -> None:
    """From the database's clock when it was taken."""
    member = crew.hire(lease=100.0).start()
    member.wait_for_shards(1)
    row = rows(store)[0]
    assert timedelta(seconds=80) < length(row) <= timedelta(seconds=100)


def length(row: ConsumerRow) -> timedelta:
    """What is left of a lease."""
    assert row.lease_until is not None
    return row.lease_until - row.now


def test_a_wrong_clock_of_the_worker_does_no_harm(
    store: EventStore, crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leases and facts bear the database's time."""
    monkeypatch.setattr("time.time", lambda: 0.0)
    member = crew.hire(lease=100.0).start()
    append(store, "a")
    wait_until(lambda: crew.handled)
    row = rows(store)[0]
    assert [0] == member.owns()
    assert timedelta(seconds=80) < length(row) <= timedelta(seconds=100)
    assert abs(row.now - row.updated_at) < timedelta(seconds=10)
