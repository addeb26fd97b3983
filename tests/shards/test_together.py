"""Promise 23: the shards of one worker do not starve each other, whatever befalls one of them."""

import pytest

from sourcery import EventStore, Recorded, Stream, UnitOfWork
from sourcery.consumers import Status
from sourcery.stream import bucket_of
from sourcery.worker import ErrorPolicy
from tests.ordering.happened import Happened
from tests.ordering.support import append, wait_until
from tests.shards.crew import Crew, rows

pytestmark = pytest.mark.promise(23)


def stream_of(shard: int, shards: int = 2) -> str:
    """A stream whose events fall into a shard."""
    names = (f"stream-{n}" for n in range(1000))
    return next(n for n in names if bucket_of(Stream("thing", n).key) % shards == shard)


@pytest.mark.parametrize("busy", [0, 1])
def test_a_long_backlog_lets_the_others_have_their_turn(
    store: EventStore, crew: Crew, busy: int
) -> None:
    """A page of each in turn."""
    append(store, stream_of(busy), 50)
    append(store, stream_of(1 - busy), 3)
    crew.hire(shards=2, page=2).subscriber.drain(20)
    order = [handled.shard(2) for handled in crew.handled]
    assert 53 == len(order)
    assert order.index(1 - busy) <= 2
    assert max(n for n, shard in enumerate(order) if shard == 1 - busy) <= 6


@pytest.mark.parametrize("failing", [0, 1])
def test_a_failing_shard_does_not_hold_the_other(
    store: EventStore, crew: Crew, failing: int
) -> None:
    """Its event waits an hour for the next attempt."""
    bad = stream_of(failing)

    def fail(uow: UnitOfWork, recorded: Recorded[Happened]) -> None:
        if recorded.stream.id == bad:
            raise KeyError("it is this one")

    policy = ErrorPolicy(retries=5, wait=3600.0, longest_wait=3600.0)
    crew.hire(fail, shards=2, on_error=policy).start()
    append(store, bad)
    wait_until(lambda: any(row.status is Status.RETRYING for row in rows(store)))
    append(store, stream_of(1 - failing), 3)
    wait_until(lambda: len(crew.handled) == 3)
    assert Status.RETRYING is rows(store)[failing].status


def test_a_busy_owner_gives_shards_up_between_pages(store: EventStore, crew: Crew) -> None:
    """A newcomer need not wait for the end of a backlog."""
    for stream in range(16):
        append(store, stream, 200)
    first, second = (crew.hire(shards=4, page=1, lease=3600.0) for _ in range(2))
    first.start()
    wait_until(lambda: crew.handled)
    second.start().wait_for_shards(2)
    assert len(crew.handled) < 16 * 200
    wait_until(lambda: {h.worker for h in crew.handled} == {"worker 0", "worker 1"})
