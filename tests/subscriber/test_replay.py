"""Promises 21 and 24: a page that fails is replayed one by one, so that the good ones commit."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from sourcery import EventStore, Recorded, UnitOfWork
from sourcery.errors import ConsumerFailed
from tests.domain import ORDER, Note, Placed, history, notes_stored
from tests.subscriber.support import (
    Broken,
    Fails,
    deposit,
    letters,
    note_of,
    policy,
    row_of,
    subscriber,
    write_note,
)

pytestmark = [pytest.mark.promise(21), pytest.mark.promise(24)]

FIVE = [f"ada {n}" for n in range(1, 6)]
FOUR = ["ada 1", "ada 2", "ada 4", "ada 5"]


def clash(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
    """Write a note; that of the third event collides, which is seen at the end of the page."""
    uow.session.add(Note(text="ada 1" if recorded.version == 3 else note_of(recorded)))


def test_the_good_ones_commit_before_the_bad_one(bank: EventStore) -> None:
    """The checkpoint stands before the event that fails, and nothing of it is left."""
    deposit(bank, "ada", 5)
    handler = Fails(["ada 3"])
    with pytest.raises(ConsumerFailed) as caught:
        subscriber(bank, handler, on_error=policy("stop")).drain()
    assert (["ada 1", "ada 2"], 2) == (notes_stored(bank), row_of(bank).position)
    assert "ada 3" == str(caught.value.__cause__)
    assert [*FIVE[:3], *FIVE[:3]] == handler.notes


def test_the_rest_of_the_page_commits_after_it(bank: EventStore) -> None:
    """In order, each once, in one drain."""
    deposit(bank, "ada", 5)
    handler = Fails(["ada 3"], times=2)
    assert 5 == subscriber(bank, handler, on_error=policy("stop", 1)).drain()
    assert (FIVE, FIVE) == (notes_stored(bank), sorted(set(handler.notes)))


@pytest.mark.parametrize("page", [1, 2, 3, 500])
def test_an_error_at_the_end_of_the_page_is_found_as_well(bank: EventStore, page: int) -> None:
    """A row that collides is flushed last, when no handler is at work."""
    deposit(bank, "ada", 5)
    assert 4 == subscriber(bank, clash, page=page, on_error=policy("skip")).drain()
    assert FOUR == notes_stored(bank)
    assert [(3, "IntegrityError")] == [(x.position, x.error_class) for x in letters(bank)]


def test_the_event_whose_own_page_fails_is_the_one_given_up(bank: EventStore) -> None:
    """A page that ends early, because its handler appended, fails when it commits."""
    deposit(bank, "ada", 3)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        uow.append(ORDER, [Placed(note_of(recorded))])
        uow.session.add(Note(text="taken" if recorded.version < 3 else "free"))

    options: dict[str, Any] = {"categories": ["account"], "on_error": policy("skip")}
    assert 2 == subscriber(bank, handle, **options).drain()
    assert [Placed("ada 1"), Placed("ada 3")] == history(bank, ORDER)
    assert [2] == [letter.position for letter in letters(bank)]


def test_a_batch_is_replayed_in_batches_of_one(bank: EventStore) -> None:
    """So that one bad event does not hold back the rest."""
    deposit(bank, "ada", 5)
    sizes: list[int] = []

    def handle(uow: UnitOfWork, batch: Sequence[Recorded[Any]]) -> None:
        sizes.append(len(batch))
        for recorded in batch:
            clash(uow, recorded)

    assert 4 == subscriber(bank, handle, batch=True, on_error=policy("skip")).drain()
    assert (FOUR, [5, 1, 1, 1, 1, 1]) == (notes_stored(bank), sizes)


def test_effects_that_happened_are_not_repeated(bank: EventStore) -> None:
    """Those before the failure are done for good, and their checkpoint is written first."""
    deposit(bank, "ada", 5)
    happened: list[str] = []

    def handle(recorded: Recorded[Any]) -> None:
        happened.append(note_of(recorded))
        if recorded.version == 3 and happened.count("ada 3") < 3:
            raise Broken

    options: dict[str, Any] = {"effects": True, "on_error": policy("stop", 2)}
    assert 5 == subscriber(bank, handle, **options).drain()
    assert [*FIVE[:3], "ada 3", *FIVE[2:]] == happened


def test_a_handler_may_handle_its_own_error(bank: EventStore) -> None:
    """In a savepoint of its own; the rest of what it did commits."""
    deposit(bank, "ada", 3)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        write_note(uow, recorded)
        with pytest.raises(IntegrityError), uow.session.begin_nested():
            uow.session.add(Note(text=note_of(recorded)))

    assert 3 == subscriber(bank, handle, on_error=policy("stop")).drain()
    assert FIVE[:3] == notes_stored(bank)


def test_a_handler_that_ends_the_transaction_fails(bank: EventStore) -> None:
    """Else the checkpoint would move without what was rolled back."""
    deposit(bank, "ada", 3)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        write_note(uow, recorded)
        if recorded.version == 2:
            uow.session.rollback()

    assert 2 == subscriber(bank, handle, on_error=policy("skip")).drain()
    assert ["ada 1", "ada 3"] == notes_stored(bank)
    assert ["TransactionEnded"] == [letter.error_class for letter in letters(bank)]


@pytest.mark.databases("postgresql", "sqlite")
def test_a_constraint_checked_at_commit_is_a_failure_like_others(bank: EventStore) -> None:
    """The database refuses the COMMIT itself: that event is given up, by its own error."""
    deposit(bank, "ada", 3)
    table = "later (note integer REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED)"
    with bank.engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {table}"))

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        write_note(uow, recorded)
        if recorded.version == 2:
            uow.session.execute(text("INSERT INTO later VALUES (999)"))

    consumer = subscriber(bank, handle, on_error=policy("skip"))
    assert 2 == consumer.drain(timeout=10)
    assert ["ada 1", "ada 3"] == notes_stored(bank)
    assert ["IntegrityError"] == [letter.error_class for letter in letters(bank)]
