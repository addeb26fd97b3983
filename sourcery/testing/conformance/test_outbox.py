"""Promise 37: an outbox row is there if and only if its transaction committed."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from sourcery import EventStore, Outgoing, Stream, UnitOfWork, outgoing
from sourcery.errors import EncodeError, VersionConflict
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.domain import (
    ADA,
    BOB,
    Account,
    Deposited,
    Note,
    Opened,
    append,
    events_stored,
    messages_stored,
    open_bank,
)

pytestmark: object = [pytest.mark.promise(37), pytest.mark.usefixtures("notes")]


class _Undone(Exception):
    """Raised to undo a transaction."""


def publish(uow: UnitOfWork) -> None:
    """Two messages, an event, and a row of the caller's."""
    uow.session.add(Note(text="mine"))
    uow.publish("receipts", key="ada", payload={"amount": 1})
    uow.publish("receipts", payload=b"\0")
    uow.get_or_create(Account, "ada").deposit(1)


def test_committed_it_is_there_with_the_events(bank: EventStore) -> None:
    """Also when a message is all that a unit of work has."""
    with UnitOfWork(bank) as uow:
        publish(uow)
        assert 0 == messages_stored(bank)
    assert (1, 2) == (events_stored(bank), messages_stored(bank))
    with UnitOfWork(bank) as uow:
        uow.publish("receipts", payload=1)
    assert 3 == messages_stored(bank)


def raises(uow: UnitOfWork) -> None:
    """The caller's own error."""
    raise _Undone


def conflicts(uow: UnitOfWork) -> None:
    """Expect what is not so."""
    uow.append(BOB, [Deposited(1)], expected=7)


def cannot_be_stored(uow: UnitOfWork) -> None:
    """A message that is no JSON."""
    uow.publish("receipts", payload=float("nan"))


FAILURES: Any = {raises: _Undone, conflicts: VersionConflict, cannot_be_stored: EncodeError}


@pytest.mark.parametrize("failure", FAILURES)
def test_rolled_back_it_is_not(bank: EventStore, failure: Callable[[UnitOfWork], None]) -> None:
    """Whatever made the transaction fail, and however late."""
    append(bank, ADA, [Opened("Ada")])
    with pytest.raises(FAILURES[failure]), UnitOfWork(bank) as uow:
        publish(uow)
        failure(uow)
    assert (1, 0) == (events_stored(bank), messages_stored(bank))


@pytest.mark.parametrize(("end", "there"), [("rollback", 0), ("commit", 2)])
def test_joined_the_owner_decides(bank: EventStore, end: str, there: int) -> None:
    """By the end of the owner's transaction, not by that of the unit."""
    with Session(bank.engine) as session:
        with UnitOfWork(bank, session=session) as uow:
            publish(uow)
        getattr(session, end)()
    assert there == messages_stored(bank)


def test_back_at_a_savepoint_it_is_gone(bank: EventStore) -> None:
    """What the same transaction publishes afterwards is there."""
    with Session(bank.engine) as session:
        savepoint = session.begin_nested()
        with UnitOfWork(bank, session=session) as uow:
            publish(uow)
        savepoint.rollback()
        with UnitOfWork(bank, session=session) as uow:
            uow.publish("receipts", payload=1)
        session.commit()
    assert (0, 1) == (events_stored(bank), messages_stored(bank))


@outgoing(Deposited)
def receipt(event: Deposited, stream: Stream) -> Outgoing:
    """One message for each deposit."""
    return Outgoing("receipts", {"amount": event.amount})


def test_a_mapped_message_is_there_when_its_event_is(database: Database) -> None:
    """The two are one transaction."""
    with open_bank(database, messages=[receipt]) as bank:
        append(bank, ADA, [Deposited(1)])
        with pytest.raises(VersionConflict):
            append(bank, ADA, [Deposited(2)], expected=0)
        assert (1, 1) == (events_stored(bank), messages_stored(bank))
