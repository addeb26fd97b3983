"""Rows of a consumer that somebody deleted: a typed error, and nothing is handled again."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from sourcery import Consumer, EventStore
from sourcery.errors import ConsumerDamaged
from tests.domain import notes_stored
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE, wait_until
from tests.subscriber.support import NAME, deposit, subscriber, write_note

CALLS: dict[str, Callable[[Consumer], object]] = {
    "health": lambda consumer: consumer.health(),
    "wait_for": lambda consumer: consumer.wait_for(consumer.store.now()),
    "pause": lambda consumer: consumer.pause(),
    "reshard": lambda consumer: consumer.reshard(2),
}


def delete(store: EventStore, shard: int | None = None) -> None:
    """As somebody does by hand."""
    rows = "delete from sourcery_consumers" + ("" if shard is None else f" where shard = {shard}")
    with store.engine.begin() as connection:
        connection.execute(text(rows))


@pytest.mark.promise(18)
def test_deleted_while_it_runs_it_does_not_begin_anew(
    bank: EventStore, background: Background
) -> None:
    """From the origin, and without a word, it would handle everything twice."""
    deposit(bank, count=3)
    running = background(subscriber(bank, write_note).run)
    wait_until(lambda: len(notes_stored(bank)) == 3)
    delete(bank)
    with pytest.raises(ConsumerDamaged, match="deleted while it ran"):
        running.result(DEADLINE)
    assert 3 == len(notes_stored(bank))


@pytest.mark.parametrize("call", CALLS)
def test_a_missing_shard_is_said(bank: EventStore, call: str) -> None:
    """By whoever asks: a quarter of the events has no owner."""
    subscriber(bank, write_note, shards=4).drain()
    delete(bank, shard=2)
    with pytest.raises(ConsumerDamaged, match=r"3 rows for 4 shards \(missing: 2\)"):
        CALLS[call](Consumer(bank, NAME))


def test_with_a_missing_shard_nothing_is_handled(bank: EventStore) -> None:
    """And forgetting it all is the way out."""
    subscriber(bank, write_note, shards=4).drain()
    delete(bank, shard=0)
    deposit(bank)
    with pytest.raises(ConsumerDamaged):
        subscriber(bank, write_note, shards=4).drain()
    assert [] == notes_stored(bank)
    Consumer(bank, NAME).forget()
    assert 1 == subscriber(bank, write_note, shards=4).drain()
