"""Promise 23, the reading half: a shard is a part of the buckets, chosen in SQL."""

from collections.abc import Sequence
from typing import Any

import pytest

from sourcery import EventStore, Stream
from sourcery.following import Follower
from sourcery.log import Query
from sourcery.stream import bucket_of
from tests.domain import Deposited, append

pytestmark = pytest.mark.promise(23)

STREAMS = 40


@pytest.fixture
def full(bank: EventStore) -> EventStore:
    """Forty streams of three events each, written in turns."""
    for _ in range(3):
        for number in range(STREAMS):
            append(bank, Stream("account", number), [Deposited(1)])
    return bank


def rows_of(store: EventStore, index: int, count: int, size: int = 7) -> list[Sequence[Any]]:
    """All rows of one shard, page by page."""
    query = Query(kinds=("account.deposited",), shard=(index, count))
    follower = Follower(store.database, query, 0, size=size)
    rows: list[Sequence[Any]] = []
    page = follower.look()
    while page.rows or page.upto > follower.position:
        rows += page.rows
        follower.advance(page.upto)
        page = follower.look()
    assert follower.position == store.settled()
    return rows


@pytest.mark.parametrize("count", [1, 2, 3, 16])
def test_each_event_is_in_one_shard(full: EventStore, count: int) -> None:
    """Together they are the log, and each is in order."""
    shards = [rows_of(full, index, count) for index in range(count)]
    positions = [[row[0] for row in shard] for shard in shards]
    assert positions == [sorted(shard) for shard in positions]
    assert [r.position for r in full.read()] == sorted(p for shard in positions for p in shard)


@pytest.mark.parametrize("count", [2, 3, 16])
def test_a_stream_is_in_one_shard(full: EventStore, count: int) -> None:
    """By the bucket of its key, so its events keep their order."""
    shards = [{row[2] for row in rows_of(full, index, count)} for index in range(count)]
    assert STREAMS == sum(map(len, shards))
    buckets = [bucket_of(f"account\0{n}") for n in range(STREAMS)]
    expected = [sum(bucket % count == index for bucket in buckets) for index in range(count)]
    assert expected == [len(shard) for shard in shards]
