"""The signal inside a process, on every database: who waits for a store looks at once."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.orm import Session

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.waiting import Waiting
from tests.databases import Database
from tests.ordering.happened import Happened
from tests.ordering.support import append
from tests.wakeups.support import NEVER, is_left_alone, is_woken, threads

A = Stream("thing", "a")


@pytest.fixture
def reader(database: Database) -> Iterator[EventStore]:
    """Another object of the same store, which hears nothing from outside the process."""
    with EventStore(database.url, notify=False) as store:
        yield store


@pytest.fixture
def waiting(reader: EventStore) -> Iterator[Waiting]:
    """Somebody who waits for it."""
    with reader.database.waiting(interval=NEVER, longest=NEVER) as waiting:
        yield waiting


def joined(store: EventStore, owner: Session | Connection) -> None:
    """Append in the owner's transaction."""
    with UnitOfWork(store, session=owner) as uow:
        uow.append(A, [Happened(0)])


def test_a_commit_wakes_another_store_of_the_process(store: EventStore, waiting: Waiting) -> None:
    """A subscriber and a writer of one program need not poll."""
    append(store)
    assert is_woken(waiting)


def test_a_message_wakes_too(store: EventStore, waiting: Waiting) -> None:
    """A relay waits in the same way."""
    with UnitOfWork(store) as uow:
        uow.publish("payments", payload={})
    assert is_woken(waiting)


def test_a_unit_that_writes_nothing_wakes_nobody(store: EventStore, waiting: Waiting) -> None:
    """Reading, or rows of the caller's alone, are no reason to look."""
    with UnitOfWork(store) as uow:
        uow.append(A, [])
        assert uow.session.connection()
    assert is_left_alone(waiting)


def test_a_unit_that_fails_wakes_nobody(store: EventStore, waiting: Waiting) -> None:
    """Its events are not there."""
    with pytest.raises(ZeroDivisionError), UnitOfWork(store) as uow:
        uow.append(A, [Happened(0)])
        raise ZeroDivisionError
    assert is_left_alone(waiting)


OWNERS: dict[str, Callable[[EventStore], Session | Connection]] = {
    "session": lambda store: Session(store.engine),
    "connection": lambda store: store.engine.connect(),
}


@pytest.mark.parametrize("kind", OWNERS)
def test_the_owners_commit_wakes(store: EventStore, waiting: Waiting, kind: str) -> None:
    """Of a joined unit; not its own end, when nothing can be seen yet."""
    with OWNERS[kind](store) as owner:
        joined(store, owner)
        assert is_left_alone(waiting)
        owner.commit()
        assert is_woken(waiting)


@pytest.mark.parametrize("kind", OWNERS)
def test_the_owners_rollback_wakes_nobody(store: EventStore, waiting: Waiting, kind: str) -> None:
    """Nor does what the owner commits afterwards on the same connection."""
    with OWNERS[kind](store) as owner:
        joined(store, owner)
        owner.rollback()
        with owner.begin_nested():
            pass
        owner.commit()
    store.close()
    assert is_left_alone(waiting)


def test_each_transaction_of_a_connection_wakes(store: EventStore, waiting: Waiting) -> None:
    """Once, however many units were in it."""
    with store.engine.connect() as owner:
        for _ in range(2):
            joined(store, owner)
            joined(store, owner)
            owner.commit()
            assert is_woken(waiting)
            assert is_left_alone(waiting)


def test_a_session_of_another_engine_wakes(
    store: EventStore, waiting: Waiting, database: Database
) -> None:
    """The commit is seen where it happens."""
    engine = create_engine(store.engine.url)
    if database.family == "sqlite":
        store.database.dialect.configure(engine)
    with Session(engine) as session:
        joined(store, session)
        session.commit()
        assert is_woken(waiting)
    engine.dispose()


def test_without_notify_only_own_commits_wake(reader: EventStore, waiting: Waiting) -> None:
    """A joined unit would need a thread, and there is none."""
    before = threads()
    append(reader)
    assert is_woken(waiting)
    with Session(reader.engine) as session:
        joined(reader, session)
        session.commit()
    assert before == threads()
