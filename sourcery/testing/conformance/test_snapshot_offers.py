"""Whoever offers an older snapshot, or the same, changes nothing."""

from contextlib import ExitStack
from uuid import UUID

import pytest

from sourcery import EventStore, MemorySnapshots, SnapshotStore, SqlSnapshots
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.profile import times
from sourcery.testing.conformance.programs import Program
from sourcery.testing.conformance.programs.offerer import OFFERS, snapshot
from sourcery.testing.conformance.tallies import rows

pytestmark: object = pytest.mark.promise(32)

PROCESSES = times(4, long=8)


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


def at_once(database: Database, place: str, count: int) -> None:
    """Let so many processes offer, all from one moment on."""
    arguments = [(number, count, place) for number in range(count)]
    with ExitStack() as stack:
        programs = [
            stack.enter_context(Program("offerer", database.url, *each)) for each in arguments
        ]
        assert ["ready"] * count == [program.line() for program in programs]
        for program in programs:
            program.say("go")
        assert [0] * count == [program.wait() for program in programs]


def test_of_several_processes_the_newest_stays(store: EventStore, database: Database) -> None:
    """Whatever the order in which they come."""
    at_once(database, "ours", PROCESSES)
    assert [(PROCESSES * OFFERS,)] == rows(store, "version")


def test_without_the_rule_an_older_one_stays(store: EventStore, database: Database) -> None:
    """The test of the test: no process offers its newest last."""
    at_once(database, "careless", 2)
    [(version,)] = rows(store, "version")
    assert version < 2 * OFFERS
