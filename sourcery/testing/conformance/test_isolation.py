"""Rule 6: a page never has a snapshot older than its frontier, whatever the defaults are."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.orm import Session

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.dialects.sqlite import READ_ONLY
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.stress.load import Load, run
from sourcery.testing.conformance.support import Worker, append, read

pytestmark: object = pytest.mark.promise(49)
servers: Any = pytest.mark.needs("writers")
levels: Any = pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])

#: How a connection makes a level its default, behind SQLAlchemy's back.
DEFAULTS = {
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {level}",
    "mariadb": "SET SESSION TRANSACTION ISOLATION LEVEL {level}",
}


@pytest.fixture(params=["of the engine", "of the role"])
def strict(
    request: pytest.FixtureRequest, database: Database, level: str
) -> Iterator[Callable[[], Engine]]:
    """Make engines of the user's with a higher level."""
    name = database.url.get_backend_name().replace("mysql", "mariadb")
    if name not in DEFAULTS and request.param == "of the role":
        pytest.skip(f"no words for a level of the role on {name}")
    with ExitStack() as stack:

        def make() -> Engine:
            by_engine = {"isolation_level": level} if request.param == "of the engine" else {}
            engine = create_engine(database.url, **by_engine)
            stack.callback(engine.dispose)
            if not by_engine:
                statement = DEFAULTS[name].format(level=level)
                event.listen(engine, "connect", lambda driver, _: set_default(driver, statement))
            return engine

        yield make


def set_default(driver: object, statement: str) -> None:
    """Set it for all transactions of the connection."""
    cursor = driver.cursor()  # type: ignore[attr-defined]
    cursor.execute(statement)
    cursor.close()
    driver.commit()  # type: ignore[attr-defined]


@servers
@levels
def test_rule_6_nothing_is_lost_at_a_higher_default(strict: Callable[[], Engine]) -> None:
    """Own transactions and readers set READ COMMITTED; joined ones keep the caller's level."""
    writing, reading = strict(), strict()
    load = Load(writers=3, transactions=150, seconds=2.0)
    outcome = run(lambda: EventStore(writing), load, reading=lambda: EventStore(reading))
    assert {} == outcome.faults
    assert outcome.committed > 5


@servers
@levels
def test_rule_6_a_strict_session_may_append(strict: Callable[[], Engine]) -> None:
    """It keeps its level, and only its owner's commit can fail."""
    engine = strict()
    store = EventStore(engine)
    with Session(engine) as session, session.begin():
        session.execute(text("SELECT count(*) FROM sourcery_events"))
        with UnitOfWork(store, session=session) as uow:
            uow.append(Stream("thing", "a"), [Happened()], expected=0)
    assert [1] == read(store)


def old_snapshot(store: EventStore) -> Connection:
    """A reader's transaction that keeps the snapshot of this moment."""
    connection = store.database.engine.connect()
    if connection.dialect.name == "sqlite":
        connection = connection.execution_options(**{READ_ONLY: True})
    else:
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
    connection.execute(text("SELECT count(*) FROM sourcery_events"))
    return connection


def test_rule_6_an_older_snapshot_loses(store: EventStore) -> None:
    """The test of the test: behind a frontier read later the page misses what it covers."""
    worker = Worker(store)
    with old_snapshot(store) as connection:
        append(store)
        frontier = store.database.frontier()
        assert [] == worker.page_on(connection, store.database.dialect, frontier)
    assert [] == worker.look()
    assert 1 == worker.checkpoint


@pytest.mark.needs("floors")
def test_rule_6_one_snapshot_for_both_loses(store: EventStore) -> None:
    """A sequence is outside all snapshots: read in one, it runs ahead of the page."""
    worker = Worker(store)
    with old_snapshot(store) as connection:
        append(store)
        frontier = store.database.dialect.frontier(connection)
        assert [] == worker.page_on(connection, store.database.dialect, frontier)
    assert [] == worker.look()
