"""Handlers that write events: conflicts with other writers, and when their pages end."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from sourcery import EventStore, Recorded, Stream, UnitOfWork
from tests.domain import (
    ORDER,
    Account,
    Deposited,
    Note,
    Opened,
    Placed,
    append,
    history,
    notes_stored,
    versions,
)
from tests.ordering.support import DEADLINE, wait_until
from tests.subscriber.support import (
    Broken,
    elsewhere,
    letters,
    policy,
    row_of,
    subscriber,
)

TOTAL = Stream("account", "total")


def open_accounts(store: EventStore, count: int) -> None:
    """Events to handle: what the handlers here write is of other kinds."""
    for number in range(count):
        append(store, Stream("account", number), [Opened("Ada")])


def drain(store: EventStore, handler: Callable[..., object], retries: int = 0) -> int:
    """Handle openings; give up where a handler fails more often than that."""
    rules = policy("stop", retries)
    return subscriber(store, handler, events=Opened, on_error=rules).drain(timeout=DEADLINE)


@pytest.mark.promise(21)
def test_commands_and_checkpoint_commit_together(bank: EventStore) -> None:
    """Each event is acted upon exactly once, whatever fails in between."""
    open_accounts(bank, 6)
    fails = iter([True, False, False, True, True] * 100)

    def handle(uow: UnitOfWork, recorded: Recorded[Opened]) -> None:
        uow.get_or_create(Account, "total").deposit(recorded.position)
        if next(fails):
            raise Broken

    assert 6 == drain(bank, handle, retries=20)
    assert [Deposited(n) for n in range(1, 7)] == history(bank, TOTAL)


def racing(store: EventStore, conflicts: int, failures: int = 0) -> tuple[Any, list[int]]:
    """A handler that other writers are faster than, so often; and the attempts it saw stored."""
    seen: list[int] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Opened]) -> None:
        seen.append(row_of(store).attempts)
        if len(seen) <= failures:
            raise Broken
        known = len(versions(store, TOTAL))
        if len(seen) <= failures + conflicts:
            elsewhere(lambda: append(store, TOTAL, [Deposited(0)]))
        uow.append(TOTAL, [Deposited(1)], expected=known)

    return handle, seen


@pytest.mark.promise(24)
def test_a_conflict_is_run_again_without_an_attempt(bank: EventStore) -> None:
    """Another writer was first: that is no failure of the handler."""
    open_accounts(bank, 2)
    handle, seen = racing(bank, conflicts=4)
    assert 2 == drain(bank, handle)
    assert [*[Deposited(0)] * 4, *[Deposited(1)] * 2] == history(bank, TOTAL)
    assert [0] * 6 == seen


@pytest.mark.promise(24)
def test_nor_does_it_burn_one_while_an_event_is_retried(bank: EventStore) -> None:
    """The attempt that was stored before the handler was called counts once."""
    open_accounts(bank, 1)
    handle, seen = racing(bank, conflicts=4, failures=1)
    assert 1 == drain(bank, handle, retries=1)
    assert ([0, 2, 2, 2, 2, 2], 0) == (seen, row_of(bank).attempts)


@pytest.mark.promise(24)
def test_endless_conflicts_are_a_failure_after_all(bank: EventStore) -> None:
    """Else one stream that is always busy would hold back the rest without a word."""
    open_accounts(bank, 1)
    handle, seen = racing(bank, conflicts=6)
    assert 1 == drain(bank, handle, retries=1)
    assert [0, 0, 0, 0, 0, 0, 2] == seen


@pytest.mark.promise(24)
def test_a_row_that_collides_because_of_a_conflict_is_one(bank: EventStore) -> None:
    """Rows beside an aggregate often collide before its events do."""
    open_accounts(bank, 1)
    runs: list[int] = []

    def write(uow: UnitOfWork, known: int) -> None:
        uow.append(TOTAL, [Deposited(1)], expected=known)
        uow.session.add(Note(text=f"version {known + 1}"))

    def write_first() -> None:
        with UnitOfWork(bank) as uow:
            write(uow, 0)

    def handle(uow: UnitOfWork, recorded: Recorded[Opened]) -> None:
        runs.append(known := len(versions(bank, TOTAL)))
        if len(runs) == 1:
            elsewhere(write_first)
        write(uow, known)

    assert 1 == drain(bank, handle)
    assert ([0, 1], ["version 1", "version 2"]) == (runs, notes_stored(bank))
    assert [] == letters(bank)


def by_aggregate(store: EventStore, uow: UnitOfWork) -> None:
    uow.get_or_create(Account, "total").deposit(1)


def by_append(store: EventStore, uow: UnitOfWork) -> None:
    uow.append(ORDER, [Placed("tea")])


def by_message(store: EventStore, uow: UnitOfWork) -> None:
    uow.publish("topic", payload=1)


def by_joined_unit(store: EventStore, uow: UnitOfWork) -> None:
    with UnitOfWork(store, session=uow.session) as joined:
        joined.append(ORDER, [Placed("tea")])


def by_nothing(store: EventStore, uow: UnitOfWork) -> None:
    uow.get_or_create(Account, "total")
    with UnitOfWork(store, session=uow.session):
        uow.session.add(Note(text=f"note {time.monotonic_ns()}"))


@pytest.mark.promise(49)
@pytest.mark.parametrize("write", [by_aggregate, by_append, by_message, by_joined_unit])
def test_rule_22_a_page_ends_after_an_event_that_wrote(
    bank: EventStore, write: Callable[[EventStore, UnitOfWork], None]
) -> None:
    """What it wrote is not kept from others until the rest of the page is handled."""
    open_accounts(bank, 4)
    seen: list[int] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Opened]) -> None:
        seen.append(row_of(bank).position)
        if recorded.position != 3:
            write(bank, uow)

    assert 4 == drain(bank, handle)
    assert [0, 1, 2, 2] == seen


def test_a_page_of_reads_and_rows_goes_on(bank: EventStore) -> None:
    """Nobody waits for it."""
    open_accounts(bank, 4)
    seen: list[int] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Opened]) -> None:
        seen.append(row_of(bank).position)
        by_nothing(bank, uow)

    assert 4 == drain(bank, handle)
    assert [0] * 4 == seen


@pytest.mark.promise(49)
def test_rule_22_a_page_ends_after_a_second(bank: EventStore) -> None:
    """Rows that the handler wrote are locked no longer than that."""
    open_accounts(bank, 4)
    seen: list[int] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Opened]) -> None:
        seen.append(row_of(bank).position)
        began = time.monotonic()
        if recorded.position == 2:
            wait_until(lambda: time.monotonic() > began + 1.0)

    assert 4 == drain(bank, handle)
    assert [0, 0, 2, 2] == seen
