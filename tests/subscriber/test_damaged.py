"""Rows of a consumer that somebody deleted: a typed error, and nothing is handled again."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from sourcery import Consumer, EventStore
from sourcery.errors import ConsumerDamaged, RequestRefused
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


def run(store: EventStore, sql: str) -> None:
    """As somebody does by hand."""
    with store.engine.begin() as connection:
        connection.execute(text(sql))


def delete(store: EventStore, shard: int | None = None) -> None:
    """Rows of shards, or all."""
    run(store, "delete from sourcery_consumers" + (f" where shard = {shard}" if shard else ""))


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
    delete(bank, shard=1)
    deposit(bank)
    with pytest.raises(ConsumerDamaged):
        subscriber(bank, write_note, shards=4).drain()
    assert [] == notes_stored(bank)
    Consumer(bank, NAME).forget()
    assert 1 == subscriber(bank, write_note, shards=4).drain()


def refused_then_forgotten(store: EventStore, change: str) -> None:
    """All that reads the rows says so and names the way out, which then is one."""
    subscriber(store, write_note).drain()
    run(store, f"update sourcery_consumers set {change}")
    for call in CALLS.values():
        with pytest.raises(ConsumerDamaged, match=r"forget\(\)"):
            call(Consumer(store, NAME))
    Consumer(store, NAME).forget()
    deposit(store)
    assert 1 == subscriber(store, write_note).drain()


def test_a_row_that_cannot_be_read_can_be_forgotten(bank: EventStore) -> None:
    """Forgetting asks nothing of the row but who has it."""
    refused_then_forgotten(bank, "status = 'x'")


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    "column", ["lease_until", "updated_at", "position", "shards", "hold_until", "epoch"]
)
def test_any_text_in_a_row_can_be_forgotten(bank: EventStore, column: str) -> None:
    """SQLite keeps text in columns of times and numbers."""
    refused_then_forgotten(bank, f"{column} = 'x'")


def test_a_row_that_cannot_be_read_is_not_forgotten_under_its_worker(bank: EventStore) -> None:
    """The lease counts as before."""
    subscriber(bank, write_note).drain()
    run(bank, "update sourcery_consumers set owner = 'me', lease_until = '2999-01-01 00:00:00'")
    run(bank, "update sourcery_consumers set status = 'x'")
    with pytest.raises(RequestRefused, match="me runs shard 0"):
        Consumer(bank, NAME).forget()
