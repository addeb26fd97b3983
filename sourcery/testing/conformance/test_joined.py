"""A unit of work inside a caller's session, scoped session or connection."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from sourcery import EventStore, UnitOfWork
from sourcery.dialects.sqlite import configure
from sourcery.errors import IdConflict, StreamNotFound, VersionConflict
from sourcery.testing.conformance.domain import (
    ADA,
    BOB,
    Account,
    Deposited,
    Note,
    Opened,
    Overdrawn,
    append,
    events_stored,
    history,
    messages_stored,
    notes_stored,
    versions,
)

pytestmark: object = [pytest.mark.promise(11), pytest.mark.usefixtures("notes")]

Owner = Session | Any


@contextmanager
def a_session(bank: EventStore) -> Iterator[Owner]:
    """The caller's session."""
    with Session(bank.engine) as session:
        yield session


@contextmanager
def a_scoped_session(bank: EventStore) -> Iterator[Owner]:
    """The registry, as web frameworks pass it around."""
    registry = scoped_session(sessionmaker(bank.engine))
    yield registry
    registry.remove()


@contextmanager
def a_connection(bank: EventStore) -> Iterator[Owner]:
    """No ORM at all."""
    with bank.engine.connect() as connection:
        yield connection


@pytest.fixture(params=[a_session, a_scoped_session, a_connection])
def owner(request: pytest.FixtureRequest, bank: EventStore) -> Iterator[Owner]:
    """Who owns the transaction."""
    with request.param(bank) as owner:
        yield owner


def note(owner: Owner, words: str) -> None:
    """A row of the caller's, outside any unit of work."""
    owner.execute(text("insert into notes (text) values (:words)"), {"words": words})


def everything(uow: UnitOfWork) -> None:
    """Events, a message and a row."""
    uow.create(Account, "ada").open("Ada")
    uow.append(BOB, [Deposited(1), Deposited(2)], expected=0)
    uow.publish("payments", payload=3)
    uow.session.add(Note(text="inside"))


def test_the_caller_commits(bank: EventStore, owner: Owner) -> None:
    """Before that nobody else sees anything, and the connection stays open."""
    note(owner, "before")
    with UnitOfWork(bank, session=owner) as uow:
        everything(uow)
    note(owner, "after")
    assert (0, 0, []) == (events_stored(bank), messages_stored(bank), notes_stored(bank))
    owner.commit()
    assert (3, 1) == (events_stored(bank), messages_stored(bank))
    assert ["after", "before", "inside"] == notes_stored(bank)


def test_after_the_callers_rollback_nothing_is_left(bank: EventStore, owner: Owner) -> None:
    """Not even a version."""
    note(owner, "before")
    with UnitOfWork(bank, session=owner) as uow:
        everything(uow)
    owner.rollback()
    assert (0, 0, []) == (events_stored(bank), messages_stored(bank), notes_stored(bank))
    append(bank, ADA, [Deposited(1)], expected=0)
    assert [1] == versions(bank, ADA)


KNOWN = UUID(int=1)


def own_problem(_: UnitOfWork) -> None:
    """A domain exception."""
    raise Overdrawn


def broken_flush(uow: UnitOfWork) -> None:
    """The caller's row breaks a constraint at once."""
    uow.session.add(Note(text="inside"))
    uow.session.flush()


PROBLEMS: dict[str, tuple[type[Exception], Callable[[UnitOfWork], object]]] = {
    "conflict": (VersionConflict, lambda uow: uow.append(BOB, [Deposited(1)] * 2, expected=0)),
    "ids": (
        IdConflict,
        lambda uow: uow.append(BOB, [Deposited(8)], expected=0, event_ids=[KNOWN]),
    ),
    "own": (Overdrawn, own_problem),
    "found": (StreamNotFound, lambda uow: uow.get(Account, "nobody")),
    "flush": (IntegrityError, broken_flush),
    "end": (IntegrityError, lambda uow: uow.session.add(Note(text="inside"))),
}


#: Every problem in a session, the two kinds of error elsewhere.
COMBINED = [
    *[(a_session, problem) for problem in PROBLEMS],
    (a_connection, "conflict"),
    (a_connection, "flush"),
    (a_scoped_session, "end"),
]


@pytest.mark.parametrize(("owner", "problem"), COMBINED, indirect=["owner"])
def test_an_error_undoes_the_unit_and_no_more(bank: EventStore, owner: Owner, problem: str) -> None:
    """The caller's rows stay, its transaction can be used, another unit works in it."""
    append(bank, BOB, [Deposited(9)], expected=0, event_ids=[KNOWN])
    note(owner, "before")
    with pytest.raises(PROBLEMS[problem][0]), UnitOfWork(bank, session=owner) as uow:
        uow.create(Account, "ada").open("Ada")
        uow.publish("payments", payload=3)
        uow.session.add(Note(text="inside"))
        uow.session.flush()
        PROBLEMS[problem][1](uow)
    note(owner, "after")
    with UnitOfWork(bank, session=owner) as uow:
        uow.create(Account, "ada").open("Ada")
        uow.session.add(Note(text="again"))
    owner.commit()
    assert ["after", "again", "before"] == notes_stored(bank)
    assert [[Opened("Ada")], [Deposited(9)]] == [history(bank, ADA), history(bank, BOB)]
    assert 0 == messages_stored(bank)


def test_pending_rows_of_the_caller_survive_a_conflict(bank: EventStore) -> None:
    """They were added before the unit, not yet flushed; they are no part of it."""
    append(bank, ADA, [Opened("Ada")])
    with Session(bank.engine) as session:
        session.add(Note(text="pending"))
        with pytest.raises(VersionConflict), UnitOfWork(bank, session=session) as uow:
            uow.append(ADA, [Deposited(1)], expected=0)
        session.commit()
    assert ["pending"] == notes_stored(bank)


def test_the_callers_session_is_the_units_session(bank: EventStore) -> None:
    """And a scoped session's is the one of this thread."""
    registry = scoped_session(sessionmaker(bank.engine))
    for owner in (registry, registry()):
        with UnitOfWork(bank, session=owner) as uow:
            assert uow.session is registry()
    registry.remove()


def test_a_joined_unit_sees_what_its_transaction_wrote(bank: EventStore, owner: Owner) -> None:
    """Events of an earlier unit in it, and its rows."""
    with UnitOfWork(bank, session=owner) as uow:
        uow.create(Account, "ada").deposit(5)
    with UnitOfWork(bank, session=owner) as uow:
        uow.get(Account, "ada").deposit(6)
    owner.commit()
    assert [Deposited(5), Deposited(6)] == history(bank, ADA)


def test_a_savepoint_of_the_callers_can_be_rolled_back(bank: EventStore, owner: Owner) -> None:
    """Its events are gone, and those of a later unit take their versions."""
    savepoint = owner.begin_nested()
    with UnitOfWork(bank, session=owner) as uow:
        uow.create(Account, "ada").deposit(5)
    savepoint.rollback()
    with UnitOfWork(bank, session=owner) as uow:
        uow.create(Account, "ada").deposit(6)
    owner.commit()
    assert [Deposited(6)] == history(bank, ADA)
    assert [1] == [found.version for found in bank.read()]


def test_a_savepoint_in_the_block_can_be_rolled_back(bank: EventStore, owner: Owner) -> None:
    """The caller's rows of it go, the unit's stay."""
    with UnitOfWork(bank, session=owner) as uow:
        uow.session.add(Note(text="kept"))
        with pytest.raises(Overdrawn), uow.session.begin_nested():
            uow.session.add(Note(text="undone"))
            uow.session.flush()
            raise Overdrawn
        uow.create(Account, "ada").open("Ada")
    owner.commit()
    assert (1, ["kept"]) == (events_stored(bank), notes_stored(bank))


def test_an_engine_of_the_callers_on_the_same_database(bank: EventStore) -> None:
    """Another pool, the same store: joined like any other."""
    engine = create_engine(bank.engine.url)
    if engine.dialect.name == "sqlite":
        configure(engine)
    with Session(engine) as session:
        with UnitOfWork(bank, session=session) as uow:
            everything(uow)
        session.commit()
    engine.dispose()
    assert (3, ["inside"]) == (events_stored(bank), notes_stored(bank))


def test_inside_the_callers_own_with_block(bank: EventStore) -> None:
    """`with session.begin()` commits at its own end."""
    with Session(bank.engine) as session, session.begin():
        with UnitOfWork(bank, session=session) as uow:
            everything(uow)
        assert 0 == events_stored(bank)
    assert 3 == events_stored(bank)
