"""How far behind a consumer is, by a bounded look at the log."""

import pytest
from sqlalchemy import event

from sourcery import Consumer, EventStore, rename
from sourcery.consumers import backlog
from tests.control.support import (
    deposits,
    moved,
    of_shard,
    registered,
)
from tests.databases import Database
from tests.domain import ADA, Deposited, Opened, append, open_bank


def test_events_behind_are_those_it_has_to_handle(bank: EventStore) -> None:
    """Of its kinds and categories, in its shards, and settled."""
    append(bank, of_shard(0, 2), [Opened("a")])
    deposits(bank, of_shard(0, 2), 3)
    deposits(bank, of_shard(1, 2), 2)
    consumer = registered(bank, shards=2, events=Deposited)
    assert [3, 2] == [shard.events_behind for shard in consumer.health().shards]
    moved(consumer, 3, shard=0)
    moved(consumer, 6, shard=1)
    health = consumer.health()
    assert [1, 0] == [shard.events_behind for shard in health.shards]
    assert [False, False] == [shard.at_least for shard in health.shards]
    assert (3, 6) == (health.position, health.settled)


def test_events_under_an_older_name_count(database: Database) -> None:
    """The consumer reads them, by the store's upcasters; a skip counts them, too."""
    with open_bank(database) as store:
        deposits(store, ADA, 2)
    renamed = rename("account.deposited", "account.opened")
    url = database.url.render_as_string(hide_password=False)
    with EventStore(url, events=Opened, upcasters=[renamed]) as store:
        consumer = registered(store, events=Opened)
        assert [2] == [shard.events_behind for shard in consumer.health().shards]
        assert 2 == consumer.skip(2)


def days_behind(consumer: Consumer) -> int:
    """Whole days."""
    seconds = consumer.health().seconds_behind
    assert seconds is not None
    return round(seconds / 86400)


def test_seconds_behind_is_the_age_of_the_first_event(imported: EventStore) -> None:
    """Of the shard that is furthest behind; nothing when there is none."""
    consumer = registered(imported)
    assert 2 == days_behind(consumer)
    moved(consumer, 1)
    assert 1 == days_behind(consumer)
    moved(consumer, 3)
    assert 0 == consumer.health().seconds_behind
    assert 0 == registered(imported, events=Opened, name="rare").health().seconds_behind


def test_a_long_backlog_is_not_counted_to_its_end(
    imported: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are at least so many; and if none is near, none is older than the last looked at."""
    monkeypatch.setattr(backlog, "WINDOW", 2)
    [shard] = registered(imported).health().shards
    assert (2, True) == (shard.events_behind, shard.at_least)
    rare = registered(imported, events=Opened, name="rare")
    [shard] = rare.health().shards
    assert (0, True, 1) == (shard.events_behind, shard.at_least, days_behind(rare))


def test_no_more_rows_are_looked_at(bank: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The statement says how many, before it looks for kinds."""
    monkeypatch.setattr(backlog, "WINDOW", 2)
    statements: list[str] = []
    event.listen(bank.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    registered(bank, events=Opened).health()
    [count] = [s for s in statements if "count" in s and "sourcery_events" in s]
    inner = count[count.index("FROM (") :]
    assert "LIMIT" in inner
    assert "kind IN" not in inner
