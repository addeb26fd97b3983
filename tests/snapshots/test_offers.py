"""Whoever offers an older snapshot, or the same, changes nothing."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from subprocess import PIPE, Popen
from uuid import UUID

import pytest

from sourcery import EventStore, MemorySnapshots, SnapshotStore, SqlSnapshots
from tests.databases import Database
from tests.snapshots.domain import rows
from tests.snapshots.offerer import OFFERS, snapshot

pytestmark = pytest.mark.promise(32)

PROCESSES = 8


def offered(store: EventStore, place: SnapshotStore, *versions: int) -> list[bool]:
    """Whether each was kept."""
    dialect = store.database.dialect
    with store.database.connect_singly() as connection, connection.begin():
        return [place.offer(connection, dialect, snapshot(version)) for version in versions]


@pytest.mark.parametrize("place", [SqlSnapshots, MemorySnapshots])
def test_only_a_newer_one_is_kept(store: EventStore, place: type[SnapshotStore]) -> None:
    """Neither an older one nor another of the same version."""
    assert [True, False, False, True] == offered(store, place(), 5, 4, 5, 6)


def test_a_replaced_one_is_replaced_whole(store: EventStore) -> None:
    """Version, last event and state belong together."""
    offered(store, SqlSnapshots(), 5, 7, 6)
    [(version, event_id, state)] = rows(store, "version", "last_event_id", "state")
    assert (7, UUID(int=7), b"7") == (version, UUID(str(event_id)), bytes(state))


@contextmanager
def one(database: Database, number: int, place: str) -> Iterator[Popen[str]]:
    """Start a process; it must end well."""
    url = database.url.render_as_string(hide_password=False)
    program = [sys.executable, "-m", "tests.snapshots.offerer"]
    command = [*program, url, str(number), str(PROCESSES), place]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.communicate(timeout=60)
    assert 0 == process.returncode


def at_once(database: Database, place: str) -> None:
    """Let eight processes offer, all from one moment on."""
    with ExitStack() as stack:
        processes = [stack.enter_context(one(database, n, place)) for n in range(PROCESSES)]
        assert ["ready\n"] * PROCESSES == [process.stdout.readline() for process in processes]
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()


def test_of_eight_processes_the_newest_stays(store: EventStore, database: Database) -> None:
    """Whatever the order in which they come."""
    at_once(database, "ours")
    assert [(PROCESSES * OFFERS,)] == rows(store, "version")


def test_without_the_rule_an_older_one_stays(store: EventStore, database: Database) -> None:
    """The test of the test: no process offers its newest last."""
    at_once(database, "careless")
    [(version,)] = rows(store, "version")
    assert version < PROCESSES * OFFERS
