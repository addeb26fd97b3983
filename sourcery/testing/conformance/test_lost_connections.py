"""Promise 27: a connection is lost; the consumer goes on by itself, and its health shows it."""

from typing import Any

import pytest

from sourcery import EventStore
from sourcery.control.health import ShardState, consumer_health
from sourcery.testing.conformance.crew.members import Crew, rows
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.support import append, wait_until

pytestmark: object = pytest.mark.promise(27)

backends: Any = pytest.mark.needs("backends")


def end(store: EventStore, mark: str | None) -> None:
    """End a connection, as an administrator would."""
    assert mark is not None
    with store.database.reading() as connection:
        assert store.database.dialect.end_marked(connection, mark)


@backends
def test_a_lost_connection_costs_no_shard(store: EventStore, crew: Crew) -> None:
    """Three shards, one connection: all are claimed again, with new epochs, and go on."""
    member = crew.hire(shards=3, lease=3600.0).start()
    member.wait_for_shards(3)
    owner, before = member.owner, rows(store)
    end(store, before[0].backend)
    append(store, "a")
    wait_until(lambda: crew.handled)
    wait_until(
        lambda: all(new.epoch > old.epoch for new, old in zip(rows(store), before, strict=True))
    )
    assert [owner] * 3 == [row.owner for row in rows(store)]


@backends
def test_what_was_lost_is_still_given_up(store: EventStore, crew: Crew) -> None:
    """No shard is left with the name of a worker that has its fair share without it."""
    first, second = (crew.hire(shards=4, lease=3600.0) for _ in range(2))
    first.start().wait_for_shards(4)
    first.handling.hold()
    append_to_all(store, 4)
    wait_until(lambda: first.handling.is_held)
    second.start()
    wait_until(lambda: any(row.live_wanter == second.owner for row in rows(store)))
    end(store, rows(store)[0].backend)
    first.handling.let_go()
    second.wait_for_shards(2)
    wait_until(lambda: len({h.stream for h in crew.handled}) == 16)


def append_to_all(store: EventStore, shards: int) -> None:
    """So many streams that each shard has some."""
    for stream in range(4 * shards):
        append(store, stream)


@backends
@pytest.mark.promise(28)
def test_a_stop_with_a_dead_connection_releases_all(store: EventStore, crew: Crew) -> None:
    """It takes another connection for that: nobody has to wait for the lease."""
    member = crew.hire(shards=2, lease=3600.0).start()
    member.wait_for_shards(2)
    member.handling.hold()
    append_to_all(store, 2)
    wait_until(lambda: member.handling.is_held)
    end(store, rows(store)[0].backend)
    member.stop()
    assert [None, None] == [row.owner for row in rows(store)]


@backends
def test_a_subscription_whose_backend_was_ended_goes_on(
    store: EventStore, database: Database
) -> None:
    """Without a hole and without a double."""
    append(store, "a", 2)
    subscription = store.subscribe(events=Happened, timeout=0)
    assert [1, 2] == [recorded.position for recorded in subscription]
    with EventStore(database.url, notify=False) as other:
        append(other, "b", 2)
        with store.engine.connect() as connection:
            mark = store.database.dialect.backend_mark(connection)
        end(other, mark)
    assert [3, 4] == [recorded.position for recorded in subscription]


def test_health_shows_a_worker_that_is_gone(store: EventStore, crew: Crew) -> None:
    """First it is not heard of, then its lease is over; what waits is counted; then it is back."""
    member = crew.hire(lease=0.6, page_timeout=0.3).start()
    member.wait_for_shards(1)
    member.hang(store)
    wait_until(lambda: state(store, stalled_after=0.01) in (ShardState.STALLED, ShardState.STOPPED))
    wait_until(lambda: state(store) is ShardState.STOPPED)
    [shard] = consumer_health(store)[0].shards
    assert (None, 1) == (shard.owner, shard.events_behind)
    member.handling.let_go()
    wait_until(lambda: state(store) is ShardState.LIVE)
    assert 0 == consumer_health(store)[0].shards[0].events_behind


def state(store: EventStore, stalled_after: float = 60.0) -> ShardState:
    """That of the one consumer."""
    return consumer_health(store, stalled_after=stalled_after)[0].state
