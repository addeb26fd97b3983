"""Each hot statement uses the index made for it, at 20,000 rows or `SOURCERY_PLAN_ROWS`."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from sourcery import EventStore, Recorded, Stream, UnitOfWork
from tests.domain import Account, AccountEvent, Deposited, Opened, Withdrawn

STREAMS = 100
EVENTS = int(os.environ.get("SOURCERY_PLAN_ROWS", "20000")) // STREAMS


@pytest.fixture
def full(store: EventStore) -> EventStore:
    """So many events in 100 streams; one kind is rare."""
    one = [Opened("Ada"), *[Deposited(1)] * (EVENTS - 1)]
    for number in range(0, STREAMS, 20):
        with UnitOfWork(store) as uow:
            for stream in range(number, number + 20):
                uow.append(Stream("account", stream), one, expected=0)
    analyze = {"postgresql": "analyze sourcery_events", "sqlite": "analyze"}
    with store.engine.connect() as connection:
        statement = analyze.get(store.engine.dialect.name, "analyze table sourcery_events")
        connection.execute(text(statement)).close()
        connection.commit()
    return store


class Plans:
    """Explains the statements on a table of ours as they run, with their own values."""

    def __init__(self, store: EventStore, table: str = "sourcery_events") -> None:
        self.store = store
        self.table = table
        self.plans: list[str] = []

    def __enter__(self) -> list[str]:
        event.listen(self.store.engine, "before_cursor_execute", self.explain)
        return self.plans

    def __exit__(self, *_: object) -> None:
        event.remove(self.store.engine, "before_cursor_execute", self.explain)

    def explain(
        self, connection: Connection, cursor: Any, statement: str, values: Any, *_: Any
    ) -> None:
        if self.table not in statement:
            return
        prefix = "explain query plan" if connection.dialect.name == "sqlite" else "explain"
        many = isinstance(values, list)
        cursor.execute(f"{prefix} {statement}", values[0] if many else values)
        self.plans.append("\n".join(str(row) for row in cursor.fetchall()))


#: How each database names the indexes, and a scan of the whole table.
BY_POSITION = ("sourcery_events_pkey", "USING INTEGER PRIMARY KEY", "PRIMARY")
BY_STREAM = ("sourcery_events_stream_key", "sqlite_autoindex_sourcery_events_1")
BY_KIND = ("sourcery_events_kind_idx",)


def uses(plan: str, names: tuple[str, ...]) -> bool:
    return any(name in plan for name in names) and "Seq Scan on sourcery_events" not in plan


def plan_of(store: EventStore, read: Iterator[Recorded[Any]]) -> str:
    with Plans(store) as plans:
        next(read)
    return plans[-1]


def test_a_stream_is_read_by_its_key(full: EventStore) -> None:
    """Loading an aggregate touches its own events only."""
    with Plans(full) as plans, UnitOfWork(full) as uow:
        uow.get(Account, 7)
    assert [True] == [uses(plan, BY_STREAM) for plan in plans]


def test_a_page_of_the_log_is_read_by_position(full: EventStore) -> None:
    """A page in the middle of the log does not read what is before it."""
    plan = plan_of(full, full.read(events=AccountEvent, after=15_000))
    assert uses(plan, BY_POSITION)


def test_a_page_of_a_rare_kind_is_read_by_kind(full: EventStore) -> None:
    """A reader of one rare kind does not read all others."""
    plan = plan_of(full, full.read(events=Opened, after=10_000))
    assert uses(plan, BY_KIND)


def test_the_newest_event_is_read_from_the_end(full: EventStore) -> None:
    """Backwards, the primary key again."""
    plan = plan_of(full, full.read(events=AccountEvent, backward=True, limit=1))
    assert uses(plan, BY_POSITION)


def test_an_append_looks_for_the_head_by_the_stream_key(full: EventStore) -> None:
    """The check of the expected version is one look into the unique index."""
    with Plans(full) as plans, UnitOfWork(full) as uow:
        uow.append(Stream("account", 7), [Withdrawn(1)], expected=EVENTS)
    assert any(uses(plan, BY_STREAM) for plan in plans)
    assert not any("Seq Scan on sourcery_events" in plan for plan in plans)


def test_the_greatest_position_is_looked_up(full: EventStore) -> None:
    """The check at start does not read the log."""
    with Plans(full) as plans:
        full.database.restart()
    assert not any(
        "Seq Scan on sourcery_events" in plan or "SCAN sourcery_events" in plan for plan in plans
    )
    assert plans
