"""Promise 21: what a handler does to the page's transaction loses nothing and doubles nothing."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from sourcery import EventStore, Recorded, UnitOfWork
from sourcery.consumers import Status
from sourcery.errors import (
    ConsumerFailed,
    InvalidArgument,
    SourceryError,
    TransactionEnded,
    UseTheHandlersSession,
)
from tests.domain import notes_stored
from tests.subscriber.support import (
    deposit,
    letter_facts,
    note_of,
    policy,
    row_of,
    status_of,
    subscriber,
    write_note,
)

pytestmark = pytest.mark.promise(21)

Misuse = Callable[[UnitOfWork], object]
MISUSES: dict[str, tuple[Misuse, type[SourceryError]]] = {
    "commit of the connection": (lambda u: u.session.connection().commit(), TransactionEnded),
    "rollback of the connection": (lambda u: u.session.connection().rollback(), TransactionEnded),
    "rollback of the session": (lambda u: u.session.rollback(), TransactionEnded),
    "COMMIT": (lambda u: u.session.execute(text("commit")), TransactionEnded),
    "ROLLBACK": (lambda u: u.session.execute(text(" ROLLBACK;")), TransactionEnded),
    "exit": (lambda u: u.__exit__(None, None, None), UseTheHandlersSession),
}


def misusing(misuse: Misuse, at: int) -> Callable[[UnitOfWork, Recorded[Any]], None]:
    """A handler that writes a note for each event, and does something forbidden at one."""

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        write_note(uow, recorded)
        uow.session.flush()
        if recorded.version == at:
            misuse(uow)

    return handle


@pytest.mark.parametrize("name", MISUSES)
def test_the_event_fails_and_nothing_else_happens(bank: EventStore, name: str) -> None:
    """Events before it are handled once, it is not, and nothing of it is stored."""
    misuse, error = MISUSES[name]
    deposit(bank, count=5)
    consumer = subscriber(bank, misusing(misuse, at=3), on_error=policy("stop"))
    with pytest.raises(ConsumerFailed) as failed:
        consumer.drain()
    assert isinstance(failed.value.__cause__, error)
    assert ["ada 1", "ada 2"] == notes_stored(bank)
    assert (2, Status.FAULTED) == (row_of(bank).position, status_of(bank))


@pytest.mark.parametrize("name", MISUSES)
def test_the_others_go_on_without_it(bank: EventStore, name: str) -> None:
    """It is parked as any event is that fails."""
    deposit(bank, count=3)
    deposit(bank, "bob", count=3)
    misuse, _ = MISUSES[name]
    handle = misusing(misuse, at=3)
    subscriber(bank, handle, on_error=policy("skip")).drain()
    assert ["ada 1", "ada 2", "bob 1", "bob 2"] == notes_stored(bank)
    assert [(3, "skipped", 1), (6, "skipped", 1)] == letter_facts(bank)


@pytest.mark.promise(24)
def test_a_closed_connection_costs_attempts(bank: EventStore) -> None:
    """It looks like a lost one, which no event is blamed for until it comes again and again."""
    deposit(bank, count=3)
    handle = misusing(lambda uow: uow.session.connection().close(), at=2)
    subscriber(bank, handle, on_error=policy("skip")).drain(60.0)
    assert ["ada 1", "ada 3"] == notes_stored(bank)
    assert [(2, "skipped")] == [facts[:2] for facts in letter_facts(bank)]


@pytest.mark.promise(24)
def test_an_exit_of_the_program_costs_an_attempt(bank: EventStore) -> None:
    """A handler that ends its process is tried as often as one that raises."""
    deposit(bank, count=3)
    handle = misusing(lambda uow: sys.exit("of the handler"), at=2)
    exits = 0
    while not letter_facts(bank):
        try:
            subscriber(bank, handle, on_error=policy("skip", retries=2)).drain()
        except SystemExit:
            exits += 1
    assert 4 == exits  # the first one could have been meant for the program
    assert [(2, "skipped", 3)] == letter_facts(bank)
    assert ["ada 1", "ada 3"] == notes_stored(bank)


@pytest.mark.parametrize("options", [{}, {"batch": True}, {"effects": True}])
def test_what_is_to_be_awaited_has_done_nothing(bank: EventStore, options: dict[str, Any]) -> None:
    """A coroutine that a plain function gives back is a failure, not a success."""

    async def nothing() -> None:
        """Never run."""

    deposit(bank)
    handle: Callable[..., object] = lambda *_: nothing()  # noqa: E731 - it is no coroutine function
    with pytest.raises(ConsumerFailed, match="awaitable") as failed:
        subscriber(bank, handle, on_error=policy("stop"), **options).drain()
    assert isinstance(failed.value.__cause__, InvalidArgument)


def test_a_value_given_back_is_of_no_account(bank: EventStore) -> None:
    """A handler may be a function that is used elsewhere as well."""
    deposit(bank, count=2)
    assert 2 == subscriber(bank, lambda _, recorded: note_of(recorded)).drain()
