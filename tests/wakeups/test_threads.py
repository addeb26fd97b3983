"""The threads and connections of the wake-ups come when needed and go with the store."""

import gc
import subprocess
import sys
from functools import partial
from threading import Barrier, Thread

import pytest
from sqlalchemy import create_engine

from sourcery import EventStore
from sourcery.dialects.notify import PostgreSQLNotices
from sourcery.waiting import Waiting
from sourcery.wakeups.background import connector
from sourcery.wakeups.notifier import Notifier
from tests.databases import Database
from tests.ordering.support import DEADLINE, append
from tests.wakeups.support import (
    LISTENER,
    NEVER,
    NOTIFIER,
    backends,
    channel_of,
    is_woken,
    listening_to,
    threads,
    wait_until,
)

OURS = ["sourcery-listener", "sourcery-notifier"]


def begin_both(store: EventStore) -> Waiting:
    """Commit, and wait until the listener is ready."""
    append(store)
    waiting = store.database.waiting(interval=NEVER, longest=NEVER)
    assert is_woken(waiting)
    return waiting


@pytest.mark.databases("postgresql")
def test_nothing_runs_before_it_is_needed(store: EventStore, database: Database) -> None:
    """Looking needs nothing, the first commit the notifier, the first rest the listener."""
    with store.database.waiting() as waiting:
        waiting.mark()
        assert 0 == store.settled()
        assert [] == threads()
    append(store)
    assert ["sourcery-notifier"] == threads()
    with begin_both(store):
        assert OURS == threads()


@pytest.mark.databases("postgresql")
def test_many_first_commits_at_once_begin_one(database: Database) -> None:
    """A second thread would go on waiting when the store is closed."""
    engine = create_engine(database.url)
    for _ in range(30):
        notifier, together = Notifier(connector(engine, PostgreSQLNotices)), Barrier(8)
        begin = partial(begin_together, together, notifier)
        writers = [Thread(target=begin) for _ in range(8)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert ["sourcery-notifier"] == threads()
        notifier.close()
        notifier.join(DEADLINE)
    engine.dispose()


def begin_together(together: Barrier, notifier: Notifier) -> None:
    together.wait()
    notifier.begin()


@pytest.mark.databases("postgresql")
def test_closing_the_store_ends_them(store: EventStore, database: Database) -> None:
    """Threads and connections, at once, also while somebody waits; closing twice is fine."""
    waiting = begin_both(store)
    wait_until(lambda: len(backends(database, NOTIFIER)) == 1)
    store.close()
    assert [] == threads()
    assert [] == backends(database, NOTIFIER) + backends(database, LISTENER)
    store.close()
    waiting.close()


@pytest.mark.databases("postgresql")
def test_a_closed_store_begins_none(database: Database) -> None:
    """A unit of work that commits meanwhile, and who waits, get along without."""
    engine = create_engine(database.url)
    store = EventStore(engine)
    append(store)
    store.close()
    store.database.committed()
    with store.database.waiting() as waiting:
        waiting.rest()
        assert [] == threads()
    engine.dispose()


@pytest.mark.databases("postgresql")
def test_a_forgotten_store_ends_them(database: Database) -> None:
    """Nobody closed it, and nothing warns."""
    engine = create_engine(database.url)
    store = EventStore(engine)
    with begin_both(store):
        assert OURS == threads()
    del store
    gc.collect()
    wait_until(lambda: not threads())
    wait_until(lambda: not backends(database, NOTIFIER) + backends(database, LISTENER))
    engine.dispose()


@pytest.mark.databases("postgresql")
def test_two_stores_on_one_engine_share_them(database: Database) -> None:
    """The first that is closed leaves them to the other."""
    engine = create_engine(database.url)
    one, other = EventStore(engine), EventStore(engine)
    with begin_both(one), other.database.waiting(), listening_to(database, one) as ear:
        append(other)
        assert OURS == threads()
        assert channel_of(one) == ear.next()
        one.close()
        assert OURS == threads()
        ear.heard()
        append(other)
        assert channel_of(other) == ear.next()
        other.close()
    assert [] == threads()
    engine.dispose()


def test_without_notify_there_are_none(database: Database) -> None:
    """On any database; it polls, and needs no connection while it waits."""
    with EventStore(database.url, notify=False) as store, store.database.waiting() as waiting:
        append(store)
        waiting.rest()
        waiting.rest(0)
        assert [] == threads()
        assert 1 == store.engine.pool.checkedin()  # type: ignore[attr-defined]


@pytest.mark.databases("sqlite", "mariadb")
def test_elsewhere_no_own_commit_needs_a_thread(store: EventStore) -> None:
    """The signal of the process is all there is."""
    with store.database.waiting() as waiting:
        append(store)
        assert is_woken(waiting)
        assert [] == threads()


SCRIPT = """
import sys
from sqlalchemy.orm import Session
from sourcery import EventStore, Stream, UnitOfWork
from tests.ordering.happened import Happened
store = EventStore(sys.argv[1])
{waiting}
session = Session(store.engine)
with UnitOfWork(store, session={session}) as uow:
    uow.append(Stream("thing", "a"), [Happened(0)])
session.commit()
session.close()
"""
WAITING = "waiting = store.database.waiting(); waiting.rest()"


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("session", ["None", "session"])
@pytest.mark.parametrize("waiting", ["", WAITING], ids=["writes", "waits"])
def test_a_script_that_closes_nothing_ends_well(
    store: EventStore, database: Database, session: str, waiting: str
) -> None:
    """Its last commit is told, and the end of the interpreter warns of nothing."""
    script = SCRIPT.format(session=session, waiting=waiting)
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script, url]
    with listening_to(database, store) as ear:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
        assert [channel_of(store)] == ear.heard()
