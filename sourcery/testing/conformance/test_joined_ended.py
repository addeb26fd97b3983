"""The caller commits or rolls back inside the block of a unit of work."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from sourcery import EventStore, UnitOfWork
from sourcery.errors import TransactionEnded
from sourcery.testing.conformance.domain import (
    ADA,
    Account,
    Deposited,
    Note,
    events_stored,
    messages_stored,
    notes_stored,
)

pytestmark: object = [pytest.mark.promise(11), pytest.mark.usefixtures("notes")]

ENDS: list[Callable[[Session], None]] = [
    Session.commit,
    Session.rollback,
    Session.close,
    lambda session: session.connection().commit(),
    lambda session: session.connection().rollback(),
]


def end_inside(bank: EventStore, session: Session, end: Callable[[Session], None]) -> None:
    """A joined unit whose session ends the transaction."""
    with pytest.raises(TransactionEnded), UnitOfWork(bank, session=session) as uow:
        uow.append(ADA, [Deposited(1)], expected=0)
        uow.publish("payments", payload=1)
        uow.session.add(Note(text="inside"))
        uow.session.flush()
        end(session)


@pytest.mark.parametrize("end", ENDS[:3], ids=["commit", "rollback", "close"])
def test_a_joined_unit_writes_no_event_after_the_end(
    bank: EventStore, end: Callable[[Session], None]
) -> None:
    """The caller's rows are as the caller left them; the session works on."""
    with Session(bank.engine) as session:
        end_inside(bank, session, end)
        session.rollback()
        session.add(Note(text="after"))
        session.commit()
    assert (0, 0) == (events_stored(bank), messages_stored(bank))
    assert (["after", "inside"] if end is ENDS[0] else ["after"]) == notes_stored(bank)


@pytest.mark.filterwarnings("ignore:.*already deassociated from connection")
@pytest.mark.parametrize("end", ENDS[3:], ids=["commit", "rollback"])
def test_a_connection_ended_under_its_session_is_noticed(
    bank: EventStore, end: Callable[[Session], None]
) -> None:
    """The session itself does not know; SQLAlchemy warns when it finds out."""
    with Session(bank.engine) as session:
        end_inside(bank, session, end)
    assert (0, 0) == (events_stored(bank), messages_stored(bank))
    assert (["inside"] if end is ENDS[3] else []) == notes_stored(bank)


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_joined_connection_that_ends_writes_no_event(bank: EventStore, end: str) -> None:
    """The same without a session."""
    with bank.engine.connect() as connection:
        with pytest.raises(TransactionEnded), UnitOfWork(bank, session=connection) as uow:
            uow.append(ADA, [Deposited(1)])
            getattr(connection, end)()
        assert 1 == connection.exec_driver_sql("select 1").scalar()
    assert 0 == events_stored(bank)


def test_the_units_own_session_commits_by_flushing(bank: EventStore) -> None:
    """Its `commit()` is not the end; all of it goes together."""
    with UnitOfWork(bank) as uow:
        uow.session.add(Note(text="inside"))
        uow.session.commit()
        assert [] == notes_stored(bank)
        uow.create(Account, "ada").open("Ada")
    assert (1, ["inside"]) == (events_stored(bank), notes_stored(bank))


@pytest.mark.parametrize("end", [ENDS[1], ENDS[3], ENDS[4]])
def test_an_own_unit_writes_no_event_after_the_end(
    bank: EventStore, end: Callable[[Session], None]
) -> None:
    """A rollback of its session, or its connection ended by hand."""
    with pytest.raises(TransactionEnded), UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(1)])
        uow.session.add(Note(text="inside"))
        uow.session.flush()
        end(uow.session)
    assert (0, 0) == (events_stored(bank), messages_stored(bank))
    with UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(1)], expected=0)
    assert 1 == events_stored(bank)


def test_a_closed_session_of_an_own_unit_is_no_end(bank: EventStore) -> None:
    """What was flushed stays in the transaction, which is still the unit's."""
    with UnitOfWork(bank) as uow:
        uow.session.add(Note(text="inside"))
        uow.session.flush()
        uow.session.close()
        uow.append(ADA, [Deposited(1)])
    assert (1, ["inside"]) == (events_stored(bank), notes_stored(bank))
