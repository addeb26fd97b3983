"""Promise 24: a failing handler is tried again with growing waits; the count survives a restart."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from sourcery import ErrorPolicy, EventStore, Recorded, UnitOfWork
from sourcery.consumers import ConsumerRow, Status
from sourcery.errors import ConsumerFailed
from sourcery.testing.conformance.domain import notes_stored
from sourcery.testing.conformance.subscribers import (
    NAME,
    Fails,
    all_rows_of,
    deposit,
    ignore,
    letters,
    note_of,
    policy,
    row_of,
    subscriber,
)

pytestmark: object = [pytest.mark.promise(24), pytest.mark.usefixtures("notes")]

#: So long that no test ever sees the end of it.
LONG = 600.0


def set_row(store: EventStore, values: str) -> None:
    """Change the consumer's row, as another process would have left it."""
    with store.engine.begin() as connection:
        sql = f"UPDATE sourcery_consumers SET {values} WHERE name = '{NAME}'"
        assert 1 == connection.execute(text(sql)).rowcount


def test_a_passing_failure_is_overcome(bank: EventStore) -> None:
    """The event is handled once in the end, and its attempts are forgotten."""
    deposit(bank, "ada", 3)
    handler = Fails(["ada 2"], times=3)
    assert 3 == subscriber(bank, handler, on_error=policy("stop", 2)).drain()
    assert ["ada 1", "ada 2", "ada 3"] == notes_stored(bank)
    row = row_of(bank)
    assert (0, None, None) == (row.attempts, row.next_attempt_at, row.error)
    assert Status.STOPPED == row.status


def test_an_attempt_is_stored_with_its_wait(bank: EventStore) -> None:
    """Anybody can see how often it was tried, when it is tried again, and why."""
    deposit(bank)
    before = row_after_one_try(bank).updated_at
    row = row_of(bank)
    assert (1, 0) == (row.attempts, row.position)
    assert "Broken: ada 1" == row.error
    assert row.next_attempt_at is not None
    wait = (row.next_attempt_at - before) / timedelta(seconds=1)
    assert 0.79 * LONG < wait < 1.21 * LONG


def row_after_one_try(store: EventStore, handler: Any = None) -> ConsumerRow:
    """Let the first event fail once, with a long wait before the next try."""
    handler = handler or Fails(["ada 1"])
    rules = ErrorPolicy("stop", wait=LONG, longest_wait=LONG)
    assert 0 == subscriber(store, handler, on_error=rules).run_once()
    return row_of(store)


def test_a_wait_survives_a_restart(bank: EventStore) -> None:
    """Another process does not try before its time has come, and then it does."""
    deposit(bank)
    handler = Fails(["ada 1"], times=1)
    for _ in range(3):
        assert 1 == row_after_one_try(bank, handler).attempts
    set_row(bank, "next_attempt_at = '2020-01-01 00:00:00'")
    assert 1 == subscriber(bank, handler).drain()
    assert ["ada 1", "ada 1"] == handler.notes


def test_the_count_survives_a_restart(bank: EventStore) -> None:
    """Each process tries once; the third is the last that may."""
    deposit(bank)
    handler = Fails(["ada 1"])
    counted: set[int] = set()
    while not letters(bank):
        subscriber(bank, handler, on_error=policy("skip", 2)).run_once()
        counted.add(row_of(bank).attempts)
    assert ({0, 1, 2}, 3) == (counted, letters(bank)[0].attempts)
    assert ["ada 1"] * 3 == handler.notes


def test_attempts_found_in_the_row_are_counted(bank: EventStore) -> None:
    """The process that made them ended while it handled the event: it is given up unseen."""
    deposit(bank, "ada", 2)
    handler = Fails([])
    subscriber(bank, handler).run_once()
    deposit(bank)
    set_row(bank, "attempts = 3")
    assert 0 == subscriber(bank, handler, on_error=policy("skip", 2)).drain()
    assert ["ada 1", "ada 2"] == handler.notes
    assert [("Interrupted", 3)] == [(x.error_class, x.attempts) for x in letters(bank)]


def test_after_a_crash_each_attempt_is_stored_first(bank: EventStore) -> None:
    """One event at a time, for as many as the dead owner may have had in hand."""
    subscriber(bank, ignore).run_once()
    deposit(bank, "ada", 5)
    set_row(bank, "owner = 'dead:1', lease_until = '2020-01-01 00:00:00', backend = NULL")
    seen: list[tuple[str, int, int]] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        row = row_of(bank)
        seen.append((note_of(recorded), row.position, row.attempts))

    assert 5 == subscriber(bank, handle, page=3).drain()
    single, page = [(n, 1) for n in range(3)], [(3, 0), (3, 0)]
    assert [(f"ada {n}", *at) for n, at in enumerate(single + page, 1)] == seen


def test_a_shard_that_waits_does_not_hold_back_others(bank: EventStore) -> None:
    """Each has attempts and waits of its own."""
    for stream_id in range(6):
        deposit(bank, stream_id)
    rules = ErrorPolicy("stop", wait=LONG, longest_wait=LONG)
    consumer = subscriber(bank, Fails(["0 1"]), shards=3, on_error=rules)
    consumer.run_once()
    assert [0, 0, 1] == sorted(row.attempts for row in all_rows_of(bank))
    assert {"0 1"}.isdisjoint(notes_stored(bank))
    assert len(notes_stored(bank)) >= 2


def test_waits_double_up_to_the_longest_with_jitter() -> None:
    """So that workers do not try all at once."""
    rules = ErrorPolicy(wait=1.0, longest_wait=8.0)
    for attempt, about in enumerate([1, 2, 4, 8, 8], 1):
        waits = [rules.wait_after(attempt) for _ in range(50)]
        assert all(0.8 * about <= wait <= 1.2 * about for wait in waits)
        assert len(set(waits)) > 1
    assert rules.wait_after(100_000) <= 8.0 * 1.2


def test_without_retries_the_first_failure_is_the_last(bank: EventStore) -> None:
    """It is not waited for either."""
    deposit(bank)
    handler = Fails(["ada 1"])
    with pytest.raises(ConsumerFailed):
        subscriber(bank, handler, on_error=ErrorPolicy("stop", retries=0, wait=LONG)).drain(20)
    assert (["ada 1"], 1) == (handler.notes, row_of(bank).attempts)
