"""Semantics 39: who could not renew a lease because SQLite was busy does not lose it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from sourcery import EventStore
from tests.ordering.support import append, wait_until
from tests.shards.crew import Crew, Member, rows
from tests.shards.model import make_tables, outcome_of, see

pytestmark = [
    pytest.mark.promise(22),
    pytest.mark.promise(49),
    pytest.mark.databases("sqlite"),
]


@contextmanager
def busy(store: EventStore) -> Iterator[None]:
    """Let nobody else write."""
    with store.database.connect_to_write() as connection, connection.begin():
        yield


def wait_past_leases(store: EventStore) -> None:
    """Wait until all leases have run out, and a second more for others to notice."""
    wait_until(lambda: all(late(row.now - row.lease_until) for row in rows(store)))


def late(by: timedelta) -> bool:
    """Whether it is over for long."""
    return by > timedelta(seconds=1)


def pair(store: EventStore, crew: Crew, work: object = None) -> tuple[Member, Member]:
    """An owner, and a standby that waits for its shard."""
    owner, standby = crew.hire(work), crew.hire(work)
    owner.start().wait_for_shards(1)
    standby.start()
    wait_until(lambda: rows(store)[0].live_wanter == standby.owner)
    return owner, standby


def test_a_writer_of_long_costs_no_lease(store: EventStore, crew: Crew) -> None:
    """The standby could write as soon as the owner can: it lets it."""
    owner, _ = pair(store, crew)
    epoch = rows(store)[0].epoch
    for _ in range(3):
        with busy(store):
            wait_past_leases(store)
        wait_until(lambda: rows(store)[0].is_owned)
        assert (owner.owner, epoch) == (rows(store)[0].owner, rows(store)[0].epoch)


def test_a_slow_handler_that_writes_keeps_its_shard(store: EventStore, crew: Crew) -> None:
    """Its own page is what keeps its heart from beating."""
    make_tables(store)
    owner, _ = pair(store, crew, see)
    epoch = rows(store)[0].epoch
    for number in range(3):
        owner.handling.hold()
        append(store, number)
        wait_until(lambda: owner.handling.is_held)
        wait_past_leases(store)
        owner.handling.let_go()
        wait_until(lambda: rows(store)[0].is_owned)
    wait_until(lambda: outcome_of(store).lost == 0)
    assert (owner.owner, epoch) == (rows(store)[0].owner, rows(store)[0].epoch)
    assert {} == outcome_of(store).faults


def test_a_dead_owner_on_a_busy_database_is_replaced(store: EventStore, crew: Crew) -> None:
    """Who does not renew though it could is given no more time."""
    owner, standby = pair(store, crew)
    with busy(store):
        wait_past_leases(store)
        owner.rounds.heartbeat._stopping.set()
    standby.wait_for_shards(1)
