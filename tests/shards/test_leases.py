"""Promise 22: one worker has a shard, by a lease that others see, and give back or outlive."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update

import sourcery
from sourcery import EventStore, Stream
from sourcery.consumers import ConsumerRow, Status
from sourcery.schema import consumers
from sourcery.stream import bucket_of
from tests.ordering.support import append, wait_until
from tests.shards.crew import Crew, rows
from tests.shards.handling import overlaps

pytestmark = pytest.mark.promise(22)

PACKAGE = Path(sourcery.__file__).parent
WORKERS_CLOCK = re.compile(r"\btime\.time\(|\bdatetime\.(?:now|utcnow|today)\(|\bdate\.today\(")


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


@pytest.mark.promise(28)
def test_a_stop_leaves_no_trace_of_the_owner(store: EventStore, crew: Crew) -> None:
    """Owner, connection and lease are gone; the checkpoint stays, over foreign events too."""
    member = crew.hire(categories=["other"], shards=2).start()
    member.wait_for_shards(2)
    append(store, "a", 3)
    shards = list(member.rounds.claims.owned.values())
    wait_until(lambda: all(s.follower.position == store.settled() for s in shards))
    member.stop()
    for row in rows(store):
        assert (None, None, None, None) == (row.owner, row.backend, row.lease_until, row.rate)
        assert Status.STOPPED is row.status
        assert store.settled() == row.position


@pytest.mark.promise(28)
def test_a_stop_after_a_loss_releases_the_rest(
    store: EventStore, crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One shard was taken away with progress that was not written: the other is given back."""
    monkeypatch.setattr("sourcery.worker.checkpoints._BETWEEN_WRITES", 3600.0)
    member = crew.hire(shards=2, lease=3600.0).start()
    wait_until(lambda: [Status.LIVE] * 2 == [row.status for row in rows(store)])
    lost = member.rounds.claims.owned[1 - bucket_of(Stream("thing", "a").key) % 2]
    append(store, "a")
    wait_until(lambda: lost.follower.position > lost.stored)
    member.hang(store)
    with store.engine.begin() as connection:
        mine = update(consumers).where(consumers.c.shard == lost.number)
        connection.execute(mine.values(epoch=consumers.c.epoch + 1, owner="thief"))
    member.stop()
    assert {None, "thief"} == {row.owner for row in rows(store)}


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


@pytest.mark.promise(49)
@pytest.mark.databases("postgresql")
def test_a_lease_does_not_begin_with_its_transaction(store: EventStore, crew: Crew) -> None:
    """Semantics 21: `now()` is the start of the transaction, which may be long ago."""
    crew.hire().subscriber.run_once()
    dialect = store.database.dialect
    with store.database.connect_to_write() as connection, connection.begin():
        began = connection.execute(text("select now() from pg_sleep(0.2)")).scalar_one()
        later = dialect.now(connection)
        assert connection.execute(text("select now()")).scalar_one() == began
    assert later - began >= timedelta(seconds=0.2)


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


def test_nobody_asks_the_workers_clock() -> None:
    """Neither workers nor what they store know of another clock than the database's."""
    sources = [path for room in ("worker", "consumers") for path in (PACKAGE / room).glob("*.py")]
    calls = [call for path in sources for call in WORKERS_CLOCK.findall(path.read_text())]
    assert ([], True) == (calls, len(sources) > 10)
