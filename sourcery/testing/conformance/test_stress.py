"""Promise 16: many writers, rollbacks, restarts; nothing lost, doubled or inverted."""

from typing import Any

import pytest

from sourcery import EventStore
from sourcery.dialects import Dialect
from sourcery.dialects.postgresql import PostgreSQLDialect
from sourcery.dialects.psycopg import PostgreSQLProtocolDialect
from sourcery.testing.conformance.databases import BACKENDS, Database, capabilities_by_name
from sourcery.testing.conformance.profile import LONG
from sourcery.testing.conformance.stress.load import Load, run, run_until_lost
from sourcery.testing.conformance.stress.sabotage import (
    LOCKED_ONCE,
    FloorBeforeHighest,
    WithoutFloor,
    naive,
    statements_with,
    store_with,
)

pytestmark: object = pytest.mark.promise(16)
floors: Any = pytest.mark.needs("floors")

#: Numbers drawn elsewhere need a second connection each time: more would use up the pool.
CROWD = 5
#: So many that writers never meet on one, which a naive design could not survive either.
STREAMS = 10**9


@pytest.mark.parametrize("writers", [12, 3, 1])
def test_nothing_is_lost_doubled_or_inverted(database: Database, writers: int) -> None:
    """Twelve writers, and so few that other locks do not hide a race."""
    seconds, transactions = (60.0, 20_000) if LONG else (3.0, 720)
    load = Load(writers=writers, seed=writers, seconds=seconds, transactions=transactions)
    outcome = run(lambda: EventStore(database.url), load)

    assert {} == outcome.faults
    assert outcome.committed > 10
    assert outcome.rolled_back > 0
    assert outcome.restarted > 0
    can = capabilities_by_name(database.url.get_backend_name())
    assert outcome.dropped > 0 or BACKENDS not in can


@floors
@pytest.mark.parametrize("writers", [12, 2])
def test_the_base_dialect_does_it_on_postgresql_too(database: Database, writers: int) -> None:
    """The counter row serves a server that only speaks PostgreSQL's protocol."""
    load = Load(writers=writers, seconds=2.0)
    outcome = run(lambda: store_with(PostgreSQLProtocolDialect, database.url), load)

    assert {} == outcome.faults
    assert outcome.committed > 10


def test_the_naive_rule_loses_events(database: Database) -> None:
    """The test of the test: the same harness finds what the naive design loses."""
    dialect = naive(database.url)
    load = Load(writers=CROWD, streams=STREAMS)

    outcome = run_until_lost(lambda: store_with(dialect, database.url), load)

    assert outcome.lost > 0
    assert {"lost": outcome.lost} == outcome.faults


def test_under_the_same_load_ours_loses_none(database: Database) -> None:
    """It is the rule, not the load, that makes the naive design lose."""
    load = Load(writers=CROWD, streams=STREAMS, seconds=2.0)
    assert {} == run(lambda: EventStore(database.url), load).faults


@floors
@pytest.mark.parametrize(
    ("dialect", "pieces"),
    [(FloorBeforeHighest, {}), (WithoutFloor, {}), (PostgreSQLDialect, LOCKED_ONCE)],
    ids=["statements swapped", "no floor", "locked once"],
)
def test_without_a_safeguard_few_writers_lose_events(
    database: Database, dialect: type[Dialect], pieces: dict[str, str]
) -> None:
    """Two writers show it in every run; with twelve their other locks hide most of it."""
    load = Load(writers=2, streams=STREAMS)
    with statements_with(pieces):
        outcome = run_until_lost(lambda: store_with(dialect, database.url), load)

    assert outcome.lost > 0
    assert {"lost": outcome.lost} == outcome.faults
