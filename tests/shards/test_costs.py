"""What workers cost that have nothing to do: statements, counted at the driver or the server."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from sourcery import EventStore
from sourcery.consumers import take
from sourcery.worker.rounds import Rounds
from tests.guards.wire import watching
from tests.ordering.support import append, wait_until
from tests.shards.crew import Crew, Member, rows

HOUR = timedelta(hours=1)
#: Begin and end of a read, where there is no autocommit.
FRAME = ("BEGIN", "ROLLBACK", "SET ", "SELECT 1")


@contextmanager
def at_work(member: Member) -> Iterator[Rounds]:
    """Its rounds, one after the other, in this very thread."""
    with member.subscriber._worker._at_work(None) as rounds:
        yield rounds


def steps(statements: list[str]) -> list[str]:
    """What each statement of a round is for."""
    parts = {"pg_locks": "floor", "positions": "highest", "sourcery_events": "page"}
    kept = [s for s in statements if not s.upper().startswith(FRAME)]
    names = parts | {"sourcery_consumers": "rows"}
    return [next((step for part, step in names.items() if part in s), s) for s in kept]


@pytest.mark.parametrize("shards", [1, 4, 16])
def test_an_idle_round_looks_at_rows_and_frontier(
    store: EventStore, crew: Crew, shards: int
) -> None:
    """However many shards there are: all behind one frontier, and nothing is written."""
    append(store, "a", 3)
    member = crew.hire(shards=shards, lease=3600.0)
    with at_work(member) as rounds:
        for _ in range(3):
            rounds.round(force=True)
        assert shards == len(rounds.claims.owned)
        rounds._link.close()  # what it writes from here on is on a connection that is watched
        with watching(member.store.engine) as wire:
            for _ in range(3):
                rounds.round(force=False)
    is_postgresql = store.engine.dialect.name == "postgresql"
    frontier = ["highest", "floor"] if is_postgresql else ["highest"]
    assert ["rows", *frontier] * 3 == steps(wire.statements)


def test_a_standby_looks_at_rows_alone(store: EventStore, crew: Crew) -> None:
    """It says once in a third of a lease that it wants a shard."""
    crew.hire().subscriber.run_once()
    [row], dialect = rows(store), store.database.dialect
    with store.database.connect_to_write() as connection, connection.begin():
        assert take(connection, dialect, row, "other", until=row.now + HOUR, backend=None)
    standby = crew.hire(lease=3600.0)
    with at_work(standby) as rounds:
        rounds.round(force=False)
        assert rows(store)[0].live_wanter == rounds.claims.owner
        rounds._link.close()
        with watching(standby.store.engine) as wire:
            for _ in range(3):
                rounds.round(force=False)
    assert ["rows"] * 3 == steps(wire.statements)


def test_a_standby_looks_no_more_often_because_others_write(store: EventStore, crew: Crew) -> None:
    """It is woken by each commit, as everybody is, but nothing that comes is its own."""
    crew.hire(lease=3600.0).start().wait_for_shards(1)
    standby = crew.hire(lease=3600.0, interval=0.1, longest_interval=0.1).start()
    wait_until(lambda: rows(store)[0].live_wanter == standby.owner)
    with counting_looks(standby.store) as looks:
        began = time.monotonic()
        for _ in range(60):
            append(store, "a")
        wait_until(lambda: len(crew.handled) == 60)
        allowed = (time.monotonic() - began) / 0.1 + 2
    assert len(looks) <= allowed < 60


@contextmanager
def counting_looks(store: EventStore) -> Iterator[list[str]]:
    """What a store reads of the consumer's rows."""
    looks: list[str] = []

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM sourcery_consumers" in statement:
            looks.append(statement)

    event.listen(store.engine, "before_cursor_execute", executed)
    yield looks
    event.remove(store.engine, "before_cursor_execute", executed)
