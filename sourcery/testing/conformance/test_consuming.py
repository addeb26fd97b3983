"""Promise 18: one ordered loop, whatever way the handler is called."""

from collections.abc import Sequence
from typing import Any

import pytest

from sourcery import EventStore, Recorded, UnitOfWork
from sourcery.testing.conformance.domain import notes_stored
from sourcery.testing.conformance.fixtures import Running
from sourcery.testing.conformance.subscribers import (
    Seen,
    all_rows_of,
    deposit,
    ignore,
    note_of,
    row_of,
    subscriber,
    write_note,
)
from sourcery.testing.conformance.support import wait_until

pytestmark: object = [pytest.mark.promise(18), pytest.mark.usefixtures("notes")]


def test_each_event_is_handed_over_once_in_order(bank: EventStore) -> None:
    """Those that are there, then those that come; a second drain gives none again."""
    deposit(bank, "ada", 3)
    seen = Seen()
    consumer = subscriber(bank, seen)
    assert 3 == consumer.drain()
    deposit(bank, "bob", 2)
    assert (2, 0) == (consumer.drain(), consumer.drain())
    assert ["ada 1", "ada 2", "ada 3", "bob 1", "bob 2"] == seen.notes == notes_stored(bank)


def test_pages_follow_each_other_without_a_seam(bank: EventStore) -> None:
    """More events than a page holds, and not a multiple of it."""
    deposit(bank, "ada", 11)
    seen = Seen()
    assert 11 == subscriber(bank, seen, page=4).drain()
    assert [f"ada {n}" for n in range(1, 12)] == seen.notes


def test_a_batch_handler_is_called_once_per_page(bank: EventStore) -> None:
    """With a list of all events of the page, in a transaction that moves the checkpoint."""
    last = deposit(bank, "ada", 5)
    sizes: list[int] = []

    def handle(uow: UnitOfWork, batch: Sequence[Recorded[Any]]) -> None:
        sizes.append(len(batch))
        for recorded in batch:
            write_note(uow, recorded)

    assert 5 == subscriber(bank, handle, batch=True, page=3).drain()
    assert ([3, 2], 5) == (sizes, len(notes_stored(bank)))
    assert last == row_of(bank).position


def test_an_effects_handler_is_called_outside_any_transaction(bank: EventStore) -> None:
    """It may write through a unit of work of its own, which is committed by then."""
    deposit(bank, "ada", 3)
    committed: list[int] = []

    def handle(recorded: Recorded[Any]) -> None:
        with UnitOfWork(bank) as uow:
            write_note(uow, recorded)
        committed.append(len(notes_stored(bank)))

    assert 3 == subscriber(bank, handle, effects=True).drain()
    assert [1, 2, 3] == committed


def test_shards_share_the_events_by_stream(bank: EventStore) -> None:
    """Each is handled once, in the order of its stream, and each shard has a checkpoint."""
    last = [deposit(bank, stream_id) for _ in range(3) for stream_id in range(8)][-1]
    seen = Seen()
    assert 24 == subscriber(bank, seen, shards=3).drain()
    assert 24 == len(set(seen.notes)) == len(notes_stored(bank))
    for stream_id in range(8):
        versions = [n for n in seen.notes if n.startswith(f"{stream_id} ")]
        assert sorted(versions) == versions
    assert [last] * 3 == [row.position for row in all_rows_of(bank)]


def test_catching_up_goes_over_into_living(bank: EventStore, running: Running) -> None:
    """Events that are committed while it runs follow those that were there."""
    deposit(bank, "ada", 5)
    seen = Seen()
    running(subscriber(bank, seen, page=2))
    for count in (6, 7, 8):
        deposit(bank)
        wait_until(lambda count=count: len(seen.notes) == count)
    assert [f"ada {n}" for n in range(1, 9)] == seen.notes


def test_two_consumers_do_not_disturb_each_other(bank: EventStore) -> None:
    """Each name has a checkpoint of its own."""
    deposit(bank, "ada", 2)
    assert 2 == subscriber(bank, ignore, name="one").drain()
    deposit(bank)
    seen = Seen()
    assert 3 == subscriber(bank, seen, name="two").drain()
    assert (1, 3) == (subscriber(bank, ignore, name="one").drain(), len(seen.notes))
    assert "ada 1" == note_of(next(bank.read()))
