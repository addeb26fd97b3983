"""What other processes are told on PostgreSQL: after a commit, coalesced, elsewhere."""

import time
from collections.abc import Callable
from threading import Thread

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.orm import Session

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.wakeups.notifier import SPACING
from tests.databases import Database
from tests.guards.wire import watching
from tests.ordering.happened import Happened
from tests.ordering.support import append, read
from tests.wakeups.support import (
    NOTIFIER,
    backends,
    channel_of,
    listening_to,
    terminate,
    wait_until,
)

pytestmark = pytest.mark.databases("postgresql")

A = Stream("thing", "a")


def joined(store: EventStore, owner: Session | Connection) -> None:
    """Append in the owner's transaction."""
    with UnitOfWork(store, session=owner) as uow:
        uow.append(A, [Happened(0)])


def test_a_commit_is_told_when_it_can_be_seen(store: EventStore, database: Database) -> None:
    """Whoever hears of it finds the event."""
    with listening_to(database, store) as ear:
        append(store)
        assert channel_of(store) == ear.next()
        assert [1] == read(store)


def test_a_burst_of_commits_is_told_together(store: EventStore, database: Database) -> None:
    """At most one notice in five milliseconds, and one after the last commit."""
    with listening_to(database, store) as ear:
        begun = time.monotonic()
        writers = [Thread(target=append, args=(store, n), daemon=True) for n in range(8)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        for n in range(100):
            append(store, n)
        store.close()
        most = (time.monotonic() - begun) / SPACING + 2
        assert 1 <= len(ear.heard()) <= min(most, 100)


def test_the_last_commit_of_a_burst_is_told(store: EventStore, database: Database) -> None:
    """A notice that is left out is one that a later one stands for."""
    with listening_to(database, store) as ear:
        for n in range(20):
            append(store, n)
        seen = 0
        while seen < 20:
            ear.next()
            seen = len(read(store))


def own_failure(store: EventStore) -> None:
    with pytest.raises(ZeroDivisionError), UnitOfWork(store) as uow:
        uow.append(A, [Happened(0)])
        raise ZeroDivisionError


def joined_rollback(store: EventStore) -> None:
    with Session(store.engine) as session:
        joined(store, session)
        session.rollback()


def released_savepoint(store: EventStore) -> None:
    """The owner's own savepoint ends well, its transaction does not."""
    with Session(store.engine) as session:
        with session.begin_nested():
            joined(store, session)
        session.rollback()


def nothing_written(store: EventStore) -> None:
    with Session(store.engine) as session:
        with UnitOfWork(store, session=session):
            session.execute(text("select 1"))
        session.commit()


SILENT = [own_failure, joined_rollback, released_savepoint, nothing_written]


@pytest.mark.parametrize("work", SILENT)
def test_what_was_not_committed_is_not_told(
    store: EventStore, database: Database, work: Callable[[EventStore], None]
) -> None:
    """Nothing goes out, not even when the store sends what is left and closes."""
    with listening_to(database, store) as ear:
        work(store)
        store.close()
        assert [] == ear.heard()


SLOW_COMMIT = (
    "create function slowly() returns trigger language plpgsql as $$"
    "begin perform pg_sleep(0.2); return null; end$$;"
    "create constraint trigger slow after insert on sourcery_events "
    "deferrable initially deferred for each row execute function slowly()"
)


@pytest.mark.parametrize("kind", ["session", "connection", "two-phase"])
def test_a_slow_commit_of_the_owner_is_told_after_it(
    store: EventStore, database: Database, kind: str
) -> None:
    """However long COMMIT takes, who hears of it finds the event."""
    with store.engine.begin() as connection:
        connection.execute(text(SLOW_COMMIT))
    with listening_to(database, store) as ear:
        committer = Thread(target=commit_as, args=(kind, store, store.engine))
        committer.start()
        heard, found = ear.next(), read(store)
        committer.join()
        assert (channel_of(store), [1]) == (heard, found)
        store.close()
        assert [] == ear.heard()


def commit_as(kind: str, store: EventStore, engine: Engine) -> None:
    """Append in a transaction of this kind, and commit it."""
    with Session(engine) if kind == "session" else engine.connect() as owner:
        if isinstance(owner, Connection) and kind == "two-phase":
            transaction = owner.begin_twophase()
            joined(store, owner)
            transaction.prepare()
            transaction.commit()
        else:
            joined(store, owner)
            owner.commit()


def test_a_notice_goes_over_another_connection(store: EventStore, database: Database) -> None:
    """The append's own transaction has no NOTIFY, which would make commits wait in a row."""
    with listening_to(database, store) as ear:
        with watching(store.engine) as wire:
            append(store)
            commit_as("session", store, store.engine)
            assert channel_of(store) == ear.next()
        assert [] == [sent for sent in wire.statements if "notify" in sent.lower()]
        assert any("insert" in sent.lower() for sent in wire.statements)


def test_a_full_pool_is_not_in_the_way(database: Database) -> None:
    """The notifier takes none of the pool's connections, not for a moment."""
    engine = create_engine(database.url, pool_size=1, max_overflow=0, pool_timeout=1)
    store = EventStore(engine)
    with listening_to(database, store) as ear, engine.connect() as only:
        joined(store, only)
        only.commit()
        assert channel_of(store) == ear.next()
    store.close()
    engine.dispose()


def test_a_lost_connection_is_made_again(store: EventStore, database: Database) -> None:
    """The commit after it succeeds, and is told."""
    with listening_to(database, store) as ear:
        append(store)
        assert channel_of(store) == ear.next()
        wait_until(lambda: len(backends(database, NOTIFIER)) == 1)
        terminate(database, *backends(database, NOTIFIER))
        append(store)
        assert channel_of(store) == ear.next()
    assert 2 == len(read(store))


def test_a_last_commit_is_told_before_the_store_is_closed(
    store: EventStore, database: Database
) -> None:
    """A script that writes once and ends wakes the others too."""
    with listening_to(database, store) as ear:
        append(store)
        store.close()
        assert [channel_of(store)] == ear.heard()


def test_without_notify_nothing_is_sent(database: Database) -> None:
    """Neither by its own units nor by joined ones, and nothing connects for it."""
    with EventStore(database.url, notify=False) as store, listening_to(database, store) as ear:
        append(store)
        commit_as("session", store, store.engine)
        store.close()
        assert [] == ear.heard()
