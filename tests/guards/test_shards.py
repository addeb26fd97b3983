"""A shard's page looks at no more of the log than the page of the log that holds it."""

import pytest

from sourcery import EventStore
from sourcery.following import Follower
from sourcery.log import Query
from tests.guards.test_rows_read import _ANALYZE, _FILL, FIRST, PREPARED, SLACK, looked_at

SHARDS = 4
KINDS = ("account.deposited", "account.withdrawn", "order.placed", "order.shipped")


@pytest.fixture
def full(store: EventStore) -> EventStore:
    """20,000 events, their keys spread over all buckets."""
    fill = _FILL.replace("1, 0, '{", "1, 100 * v.d + 10 * t.d + s.d, '{")
    assert fill != _FILL
    analyze = _ANALYZE.get(store.engine.dialect.name, "analyze sourcery_events")
    for statement in (fill, analyze):
        with store.engine.begin() as connection:
            connection.exec_driver_sql(statement).close()
    store.repair()
    return store


@pytest.mark.promise(20)
@pytest.mark.parametrize("run", [FIRST, PREPARED])
@pytest.mark.parametrize("after", [0, 12_000])
def test_a_shards_page_is_read_by_position(full: EventStore, after: int, run: int) -> None:
    """Of four shards it passes over three rows for each that it takes."""

    def page() -> None:
        query = Query(kinds=KINDS, shard=(1, SHARDS))
        rows = Follower(full.database, query, after, size=100).look().rows
        assert 100 == len(rows)
        seen.append(rows[-1][0] - after)

    seen: list[int] = []
    effort = looked_at(full, page, run)
    assert effort.rows <= seen[-1] + SLACK
    assert effort.sorted <= 100


@pytest.mark.parametrize("run", [FIRST, PREPARED])
def test_the_end_of_the_log_is_cheap_for_a_shard(full: EventStore, run: int) -> None:
    """Where it has caught up it looks at what came since, not at its whole shard."""

    def page() -> None:
        query = Query(kinds=KINDS, shard=(1, SHARDS))
        assert len(Follower(full.database, query, 19_900).look().rows) < 100

    assert looked_at(full, page, run).rows <= 100 + SLACK
