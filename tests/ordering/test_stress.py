"""Promise 16: many writers, rollbacks, restarts; nothing lost, doubled or inverted."""

import pytest

from sourcery import EventStore
from sourcery.dialects.postgresql import PostgreSQLProtocolDialect
from tests.databases import Database
from tests.ordering.sabotage import NAIVE, store_with
from tests.ordering.stress import Load, run

#: A drawn number that waits for another connection: more threads than a third of the pool
#: would wait for each other.
CROWD = {"mariadb": 5}
#: So many that writers never meet on one: a naive database has no other order to offer.
STREAMS = 10**9


@pytest.mark.promise(16)
@pytest.mark.parametrize("writers", [12, 3, 1])
def test_nothing_is_lost_doubled_or_inverted(database: Database, writers: int) -> None:
    """Twelve writers, and so few that other locks do not hide a race."""
    outcome = run(lambda: EventStore(database.url), Load(writers=writers, seed=writers))

    assert {} == outcome.faults
    assert outcome.committed > 100
    assert outcome.rolled_back > 0
    assert outcome.restarted > 0
    assert outcome.dropped > 0 or database.family == "sqlite"  # which has nothing to drop


@pytest.mark.promise(16)
@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("writers", [12, 2])
def test_the_base_dialect_does_it_on_postgresql_too(database: Database, writers: int) -> None:
    """The counter row serves a server that only speaks PostgreSQL's protocol."""
    outcome = run(
        lambda: store_with(PostgreSQLProtocolDialect, database.url), Load(writers=writers)
    )

    assert {} == outcome.faults
    assert outcome.committed > 100


@pytest.mark.promise(16)
def test_the_naive_rule_loses_events(database: Database) -> None:
    """The test of the test: the same harness finds what the naive design loses."""
    naive = NAIVE[database.family]
    load = Load(writers=CROWD.get(database.family, 12), streams=STREAMS)

    outcome = run(lambda: store_with(naive, database.url), load)

    assert outcome.lost > 0
    assert 0 == outcome.invented


@pytest.mark.promise(16)
def test_with_the_same_events_ours_loses_none(database: Database) -> None:
    """It is the rule, not the load, that makes the naive design lose."""
    load = Load(writers=CROWD.get(database.family, 12), streams=STREAMS)
    assert {} == run(lambda: EventStore(database.url), load).faults
