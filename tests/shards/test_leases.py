"""Promise 22, beyond the conformance kit: what is left of an owner, and whose clock counts."""

import logging
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update

import sourcery
from sourcery import EventStore, Stream
from sourcery.consumers import Status
from sourcery.schema import consumers
from sourcery.stream import bucket_of
from tests.ordering.support import append, wait_until
from tests.shards.crew import Crew, rows

pytestmark = pytest.mark.promise(22)

PACKAGE = Path(sourcery.__file__).parent


WORKERS_CLOCK = re.compile(r"\btime\.time\(|\bdatetime\.(?:now|utcnow|today)\(|\bdate\.today\(")


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


def test_nobody_asks_the_workers_clock() -> None:
    """Neither workers nor what they store know of another clock than the database's."""
    sources = [path for room in ("worker", "consumers") for path in (PACKAGE / room).glob("*.py")]
    calls = [call for path in sources for call in WORKERS_CLOCK.findall(path.read_text())]
    assert ([], True) == (calls, len(sources) > 10)


#: Its heart stops beating soon after its loop does.
FRAIL = {"page_timeout": 0.3}


@pytest.mark.databases("sqlite")
def test_a_lost_lease_is_said(
    store: EventStore, crew: Crew, caplog: pytest.LogCaptureFixture
) -> None:
    """Where no connection can be ended, the fence alone stops it."""
    frozen, thief = crew.hire(**FRAIL), crew.hire()
    frozen.hang(store)
    thief.start().wait_for_shards(1)
    wait_until(lambda: rows(store)[0].status is Status.LIVE)
    frozen.handling.let_go()
    wait_until(lambda: frozen.rounds.claims.owned == {})
    assert "consumer crew shard 0: lease lost" in messages(caplog, logging.WARNING)


def messages(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """What was said at a level."""
    return [r.getMessage() for r in caplog.records if r.levelno == level]
