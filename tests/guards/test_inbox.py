"""What the inbox costs: statements of accepting, and the index that a purge goes by."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text

from sourcery import EventStore, UnitOfWork, purge_inbox
from sourcery.ids import new_id
from sourcery.schema import inbox
from tests.guards.test_plans import Plans
from tests.guards.test_statements import kinds
from tests.guards.wire import watching

ROWS = 20_000


@pytest.fixture
def full(store: EventStore) -> EventStore:
    """Many messages, of which the first few are older than a week."""
    now = datetime.now(UTC)
    ages = (
        timedelta(seconds=n) + (timedelta(days=8) if n < 5 else timedelta()) for n in range(ROWS)
    )
    rows = [
        {"consumer": "payments", "message_id": f"{n:06}", "received_at": now - age}
        for n, age in enumerate(ages)
    ]
    analyze = {"postgresql": "analyze sourcery_inbox", "sqlite": "analyze"}
    with store.database.connect_to_write() as connection, connection.begin():
        connection.execute(insert(inbox), rows)
    with store.engine.connect() as connection:
        statement = analyze.get(store.engine.dialect.name, "analyze table sourcery_inbox")
        connection.execute(text(statement)).close()
        connection.commit()
    return store


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize(("message_id", "reads"), [("1", 0), (new_id(), 1)])
def test_accepting_is_an_insert_and_perhaps_a_look_at_the_mark(
    store: EventStore, message_id: object, reads: int
) -> None:
    """The mark is read only for a message that says when it was sent."""
    store.settled()
    with watching(store.engine) as wire, UnitOfWork(store) as uow:
        assert uow.accept("payments", message_id)
    assert ["begin", "insert", *["select"] * reads, "commit"] == kinds(wire.statements)


@pytest.mark.databases("postgresql")
def test_a_repeat_is_one_statement(store: EventStore) -> None:
    """Whatever its time."""
    message_id = new_id()
    for _ in range(2):
        with watching(store.engine) as wire, UnitOfWork(store) as uow:
            uow.accept("payments", message_id)
    assert ["begin", "insert", "commit"] == kinds(wire.statements)


def test_a_purge_finds_the_oldest_by_index(full: EventStore) -> None:
    """And removes by key: it looks at no other row."""
    with Plans(full, "sourcery_inbox") as plans:
        assert 5 == purge_inbox(full)
    found = [plan for plan in plans if plan and "insert" not in plan.lower()]
    by_index = ("sourcery_inbox_received_idx", "sourcery_inbox_pkey", "PRIMARY")
    by_index = (*by_index, "sqlite_autoindex_sourcery_inbox_1")
    assert len(found) >= 3
    assert [] == [plan for plan in found if not any(name in plan for name in by_index)]
    assert "sourcery_inbox_received_idx" in found[0]
