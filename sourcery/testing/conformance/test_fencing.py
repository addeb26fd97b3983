"""Promise 22, semantics 18 and 20: who lost its lease cannot commit, and stands by."""

import pytest

from sourcery import EventStore
from sourcery.consumers import ConsumerRow, Lease, LeaseLost, Status, advance
from sourcery.control import Consumer
from sourcery.testing.conformance.crew.members import CREW, Crew, rows
from sourcery.testing.conformance.crew.model import make_tables, outcome_of, see
from sourcery.testing.conformance.support import append, wait_until

pytestmark: object = [pytest.mark.promise(22), pytest.mark.promise(49)]

#: Its heart stops beating soon after its loop does.
FRAIL = {"page_timeout": 0.3}


def test_a_paused_owner_cannot_commit(store: EventStore, crew: Crew) -> None:
    """Another handled the event meanwhile: what it does after its pause is undone."""
    make_tables(store)
    frozen, thief = crew.hire(late_work=see, **FRAIL), crew.hire(see)
    frozen.hang(store)
    epoch = rows(store)[0].epoch
    thief.start().wait_for_shards(1)
    wait_until(lambda: outcome_of(store).lost == 0)
    frozen.handling.let_go()
    wait_until(lambda: frozen.rounds.claims.owned == {})
    assert ({}, epoch + 1) == (outcome_of(store).faults, rows(store)[0].epoch)


def test_it_goes_on_as_a_standby(store: EventStore, crew: Crew) -> None:
    """It wants the shard, handles nothing, and is the next when the other one goes."""
    frozen, thief = crew.hire(**FRAIL), crew.hire()
    frozen.hang(store)
    thief.start().wait_for_shards(1)
    frozen.handling.let_go()
    wait_until(lambda: rows(store)[0].live_wanter == frozen.owner)
    thief.stop()
    frozen.wait_for_shards(1)
    append(store, "a")
    wait_until(lambda: ("worker 0", 2) in {(h.worker, h.version) for h in crew.handled})


def test_who_takes_over_tries_the_event_alone(store: EventStore, crew: Crew) -> None:
    """It may be what ended the owner: the attempt is stored before the handler is called."""
    frozen, thief = crew.hire(**FRAIL), crew.hire()
    frozen.hang(store)
    thief.handling.hold()
    thief.start()
    wait_until(lambda: thief.handling.is_held)
    assert (1, Status.RETRYING) == (rows(store)[0].attempts, rows(store)[0].status)


def test_a_lease_of_a_forgotten_consumer_fits_no_later_one(store: EventStore, crew: Crew) -> None:
    """Semantics 18: the same name, begun anew at the same position, is another consumer."""
    stranger = crew.hire().start()
    stranger.wait_for_shards(1)
    old = rows(store)[0]
    stranger.stop()
    Consumer(store, CREW).forget()
    crew.hire().start().wait_for_shards(1)
    with pytest.raises(LeaseLost):
        move(store, old)


def move(store: EventStore, row: ConsumerRow) -> None:
    """Move a checkpoint as its owner of before would."""
    lease, dialect = Lease(row.name, row.shard, row.epoch), store.database.dialect
    with store.database.connect_to_write() as connection, connection.begin():
        dialect.begin(connection)
        status, old = Status.LIVE, row.position
        advance(connection, dialect, lease, old=old, new=old, status=status, now=row.now)
