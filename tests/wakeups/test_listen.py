"""Hearing other processes on PostgreSQL."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from sourcery import EventStore
from sourcery.dialects.notify import PostgreSQLNotices
from sourcery.upgrade import upgrade, within_schema
from sourcery.waiting import Signal, Waiting
from sourcery.wakeups.background import connector
from sourcery.wakeups.listener import Listener
from tests.databases import Database
from tests.ordering.support import append, read
from tests.wakeups.support import (
    LISTENER,
    NEVER,
    NOTIFIER,
    Ear,
    backends,
    channel_of,
    is_left_alone,
    is_woken,
    listening_to,
    terminate,
    threads,
    wait_until,
)

pytestmark = pytest.mark.databases("postgresql")


@pytest.fixture
def ear(store: EventStore, database: Database) -> Iterator[Ear]:
    """Another process, which hears and sends."""
    with listening_to(database, store) as ear:
        yield ear


@pytest.fixture
def waiting(store: EventStore) -> Iterator[Waiting]:
    """Somebody who waits, for whom the listener is ready: that it is wakes him."""
    with store.database.waiting(interval=NEVER, longest=NEVER) as waiting:
        assert is_woken(waiting)
        yield waiting


WRITER = """
import sys
from sourcery import EventStore
from tests.ordering.support import append
with EventStore(sys.argv[1]) as store:
    append(store)
"""


def test_a_commit_of_another_process_wakes(
    store: EventStore, database: Database, waiting: Waiting
) -> None:
    """A real one, which ends right after its only commit."""
    url = database.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-W", "error", "-c", WRITER, url], check=True)
    assert is_woken(waiting)
    assert [1] == read(store)


def test_who_begins_to_wait_looks_once_more(store: EventStore) -> None:
    """What was committed before the listener was ready has not been heard."""
    with store.database.waiting(interval=NEVER, longest=NEVER) as waiting:
        assert is_woken(waiting)
        assert is_left_alone(waiting)


def test_an_own_commit_wakes_once(store: EventStore, waiting: Waiting, ear: Ear) -> None:
    """At once, and not again when its notice comes back from the server."""
    append(store)
    assert is_woken(waiting)
    assert channel_of(store) == ear.next()
    assert is_left_alone(waiting)


@pytest.mark.promise(27)
def test_the_listener_survives_the_loss_of_its_connection(
    store: EventStore, database: Database, waiting: Waiting, ear: Ear
) -> None:
    """It listens again, its waiters look for what it missed, and then it hears."""
    terminate(database, *backends(database, LISTENER))
    assert is_woken(waiting)
    assert 1 == len(backends(database, LISTENER))
    ear.send(channel_of(store))
    assert is_woken(waiting)


def test_all_who_wait_share_one_connection(
    store: EventStore, database: Database, waiting: Waiting
) -> None:
    """And it stays as long as one of them waits."""
    with store.database.waiting() as another:
        another.rest(0)
        assert 1 == len(backends(database, LISTENER))
    assert 1 == len(backends(database, LISTENER))
    assert 1 == threads().count("sourcery-listener")


def test_when_nobody_waits_it_ends_after_a_while(database: Database) -> None:
    """The next who waits begins it anew."""
    engine = create_engine(database.url)
    listener = Listener(connector(engine, PostgreSQLNotices), linger=0.02)
    for _ in range(2):
        with Waiting(Signal(), interval=NEVER) as waiting:
            release = listener.hold("sourcery_test", waiting._signal)
            assert is_woken(waiting)
            assert 1 == len(backends(database, "listen"))
        release()
        wait_until(lambda: not backends(database, "listen"))
    listener.close()
    listener.join(NEVER)
    engine.dispose()


def test_one_channel_can_be_left(database: Database) -> None:
    """Others are heard on the same connection; the one that was left is not."""
    engine = create_engine(database.url)
    listener = Listener(connector(engine, PostgreSQLNotices), linger=0.02)
    with Waiting(Signal(), interval=NEVER) as one, Waiting(Signal(), interval=NEVER) as other:
        release = listener.hold("one", one._signal)
        assert is_woken(one)
        listener.hold("other", other._signal)
        assert is_woken(other)
        release()
        wait_until(lambda: backends(database, 'unlisten "one"'))
        ear = Ear(database)
        ear.send("one")
        ear.send("other")
        ear.close()
        assert is_woken(other)
        assert is_left_alone(one)
    listener.close()
    listener.join(NEVER)
    engine.dispose()


def test_tenants_do_not_wake_each_other(empty_database: Database) -> None:
    """Two schemas of one database are two stores; they share the connections of the wake-ups."""
    engine = create_engine(empty_database.url)
    for schema in ("one", "two"):
        with engine.begin() as connection:
            connection.execute(text(f"create schema {schema}"))
        upgrade(engine, schema=schema)
    one, two = (EventStore(within_schema(engine, schema)) for schema in ("one", "two"))
    forever = {"interval": NEVER, "longest": NEVER}
    with (
        one.database.waiting(**forever) as first,
        two.database.waiting(**forever) as second,
        listening_to(empty_database, one, two) as ear,
    ):
        assert is_woken(first)
        assert is_woken(second)
        append(one)
        assert is_woken(first)
        assert is_left_alone(second)
        append(two)
        assert is_woken(second)
        assert is_left_alone(first)
        assert [channel_of(one), channel_of(two)] == [ear.next(), ear.next()]
        ear.send(channel_of(two))
        assert is_woken(second)
        assert is_left_alone(first)
        found = (len(backends(empty_database, part)) for part in (LISTENER, NOTIFIER))
        assert (1, 1) == tuple(found)
    one.close()
    two.close()
    engine.dispose()
