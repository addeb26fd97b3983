"""An upgrade while the previous release works, and both releases side by side afterwards."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import Engine, text

from sourcery import EventStore, Recorded, Subscriber, UnitOfWork
from sourcery.schema import REVISION
from sourcery.testing.conformance.migrations import check
from sourcery.upgrade import upgrade
from tests.databases import Database
from tests.domain import Opened
from tests.ordering.support import wait_until
from tests.schema.conftest import Releases
from tests.schema.previous_release import Release

#: Seconds. On a machine with much else to do a process of Python's takes most of a minute to start.
PATIENCE = 180.0
#: Writes, and consumes in two shards, until its input ends; says the positions it wrote.
PROGRAM = """
import sys, threading
from attrs import frozen
from sqlalchemy import text
from sourcery import EventStore, Stream, Subscriber, UnitOfWork, event

@event("account.opened")
@frozen
class Opened:
    owner: str

def handle(uow, recorded):
    row = {"position": recorded.position, "owner": sys.argv[2]}
    uow.session.execute(text("INSERT INTO seen VALUES (:position, :owner)"), row)

def write(store, stop):
    while not stop.wait(0.02):
        with UnitOfWork(store) as uow:
            uow.append(Stream("account", sys.argv[2]), [Opened("x")])
            uow.publish("accounts", payload={})
        print(uow.token.first, flush=True)

stop = threading.Event()
with EventStore(sys.argv[1], events=Opened) as store:
    consumer = Subscriber(store, "rolling", handle, events=Opened, shards=2, lease=3.0)
    threads = [
        threading.Thread(target=write, args=(store, stop)),
        threading.Thread(target=consumer.run, args=(stop,)),
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
"""


@contextmanager
def running(release: Release, database: Database, name: str) -> Generator[list[int]]:
    """One process of a release; the positions it says it wrote, once it has ended."""
    wrote: list[int] = []
    process = release.start(PROGRAM, database.url, name)
    try:
        yield wrote
        said, complaint = process.communicate("", timeout=PATIENCE)
        assert process.returncode == 0, complaint
        wrote += map(int, said.split())
    except BaseException:
        process.kill()
        print(process.communicate()[1])  # noqa: T201 - why it did not go on
        raise
    finally:
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def counts(engine: Engine) -> dict[str, int]:
    """How much each process has handled by now."""
    query = text("SELECT owner, count(*) FROM seen GROUP BY owner")
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def written(engine: Engine, name: str) -> int:
    """How much a process has written by now."""
    query = text("SELECT count(*) FROM sourcery_events WHERE stream_id = :name")
    with engine.connect() as connection:
        return connection.scalar(query, {"name": name}) or 0


@pytest.mark.promise(44)
def test_a_rolling_deploy_loses_nothing(
    releases: Releases, present: Release, engine: Engine, empty_database: Database
) -> None:
    """All that anybody wrote is there, and was handled once, by one release or the other."""
    old = releases(REVISION - 1)
    old.run("import sys, sourcery; sourcery.EventStore(sys.argv[1]).upgrade()", empty_database.url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE seen (position bigint PRIMARY KEY, owner char(3))"))

    with ExitStack() as new:
        with running(old, empty_database, "old") as by_old:
            wait_until(lambda: counts(engine).get("old", 0) > 5, timeout=PATIENCE)
            upgrade(engine)
            before = counts(engine)["old"]
            wait_until(lambda: counts(engine)["old"] > before + 5, timeout=PATIENCE)
            by_new = new.enter_context(running(present, empty_database, "new"))
            wait_until(lambda: written(engine, "new") > 5, timeout=PATIENCE)
        after = counts(engine).get("new", 0)
        wait_until(lambda: counts(engine).get("new", 0) > after + 5, timeout=PATIENCE)

    check(engine)
    drain(empty_database)
    with engine.connect() as connection:
        kept = set(connection.scalars(text("SELECT position FROM sourcery_events")))
        seen = list(connection.scalars(text("SELECT position FROM seen")))
    assert kept == {*by_old, *by_new} == set(seen)


def drain(database: Database) -> None:
    """Handle what the last one left when it was stopped."""

    def handle(uow: UnitOfWork, recorded: Recorded[Opened]) -> None:
        row = {"position": recorded.position, "owner": "end"}
        uow.session.execute(text("INSERT INTO seen VALUES (:position, :owner)"), row)

    with EventStore(database.url) as store:
        Subscriber(store, "rolling", handle, events=Opened, shards=2).drain(PATIENCE)
