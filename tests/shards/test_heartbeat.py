"""Semantics 21: a heart that beats by itself, as long as the loop turns."""

import logging
from datetime import datetime, timedelta

import pytest

from sourcery import EventStore
from sourcery.worker.rounds import Rounds
from tests.ordering.support import append, wait_until
from tests.shards.crew import Crew, rows

pytestmark = [pytest.mark.promise(22), pytest.mark.promise(49)]


def lease_until(store: EventStore) -> datetime:
    """The end of the first shard's lease."""
    end = rows(store)[0].lease_until
    assert end is not None
    return end


def test_a_slow_handler_keeps_its_shard(store: EventStore, crew: Crew) -> None:
    """It takes far longer than a lease; another worker looks at the shard all the while."""
    slow, other = crew.hire(), crew.hire()
    slow.hang(store)
    epoch, end = rows(store)[0].epoch, lease_until(store)
    other.start()
    wait_until(lambda: lease_until(store) > end + timedelta(seconds=3 * 0.6))
    assert (slow.owner, epoch) == (rows(store)[0].owner, rows(store)[0].epoch)
    slow.handling.let_go()
    wait_until(lambda: crew.handled)
    assert ["worker 0"] == [handled.worker for handled in crew.handled]


def test_a_loop_that_hangs_is_replaced(store: EventStore, crew: Crew) -> None:
    """When it has not turned for `page_timeout` and its last lease is over, not before."""
    frozen, other = crew.hire(page_timeout=0.5), crew.hire()
    frozen.hang(store)
    ticked = rows(store)[0].now
    other.start().wait_for_shards(1)
    assert rows(store)[0].updated_at >= ticked + timedelta(seconds=0.5)


def test_a_turning_loop_is_seen(store: EventStore, crew: Crew) -> None:
    """The row says when it turned last, by the database's clock, and what it gets done."""
    member = crew.hire(lease=0.3).start()
    member.wait_for_shards(1)
    append(store, "a", 10)
    wait_until(lambda: len(crew.handled) == 10)
    wait_until(lambda: (rows(store)[0].rate or 0) > 0)
    member.handling.hold()
    append(store, "a")
    wait_until(lambda: member.handling.is_held)
    turned = rows(store)[0].now
    wait_until(lambda: lease_until(store) > turned + timedelta(seconds=1))
    ticked = rows(store)[0].ticked_at
    assert ticked is not None
    assert turned - timedelta(seconds=5) < ticked <= turned


def test_a_rate_falls_when_nothing_comes(store: EventStore, crew: Crew) -> None:
    """And is gone with the worker."""
    member = crew.hire(lease=0.15).start()
    append(store, "a", 10)
    wait_until(lambda: rows(store) and (rows(store)[0].rate or 0) > 0.5)
    wait_until(lambda: (rows(store)[0].rate or 0) < 0.5)
    member.stop()
    assert rows(store)[0].rate is None


@pytest.mark.promise(27)
@pytest.mark.databases("postgresql", "mariadb")
def test_a_heart_whose_connection_is_killed_beats_on(
    store: EventStore, crew: Crew, caplog: pytest.LogCaptureFixture
) -> None:
    """On another one, before the lease is over; it says so once."""
    member = crew.hire(lease=1.5).start()
    member.wait_for_shards(1)
    member.handling.hold()
    append(store, "a")
    wait_until(lambda: member.handling.is_held)
    epoch = rows(store)[0].epoch
    wait_until(lambda: heart_of(member.rounds) is not None)
    with store.database.reading() as connection:
        store.database.dialect.end_marked(connection, heart_of(member.rounds) or "")
    end = lease_until(store)
    wait_until(lambda: lease_until(store) > end + timedelta(seconds=1))
    said = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert (epoch, 1) == (rows(store)[0].epoch, len(said))


def heart_of(rounds: Rounds) -> str | None:
    """The mark of the connection on which leases are renewed."""
    return rounds.heartbeat._link.mark
