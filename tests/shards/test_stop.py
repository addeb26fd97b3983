"""Promise 28: a stop finishes the event in hand, ends every wait, and gives the leases back."""

import time

import pytest

from sourcery import EventStore
from tests.ordering.support import append, wait_until
from tests.shards.crew import Crew, rows

pytestmark = pytest.mark.promise(28)

#: Far beyond the time a test waits.
HOUR = {"interval": 3600.0, "longest_interval": 3600.0, "lease": 3600.0}


def test_the_event_in_hand_is_the_last(store: EventStore, crew: Crew) -> None:
    """Of a page of five it commits the one; the next worker goes on with the second."""
    member = crew.hire().start()
    member.wait_for_shards(1)
    member.handling.hold()
    append(store, "a", 5)
    wait_until(lambda: member.handling.is_held)
    member.subscriber.stop()
    member.stop()
    assert (1, None) == (rows(store)[0].position, rows(store)[0].owner)
    assert 4 == crew.hire().subscriber.run_once()
    assert [1, 2, 3, 4, 5] == [handled.version for handled in crew.handled]


def test_a_sleep_is_ended(store: EventStore, crew: Crew) -> None:
    """Of an owner with nothing to do, and of a standby."""
    owner, standby = crew.hire(**HOUR).start(), crew.hire(**HOUR)
    owner.wait_for_shards(1)
    standby.start()
    wait_until(lambda: rows(store)[0].live_wanter == standby.owner)
    began = time.monotonic()
    owner.stop()
    standby.stop()
    assert time.monotonic() - began < 10
    assert (None, None) == (rows(store)[0].owner, rows(store)[0].live_wanter)


def test_a_stop_before_the_run_is_kept(store: EventStore, crew: Crew) -> None:
    """It owns nothing then, and handles nothing."""
    member = crew.hire(**HOUR)
    append(store, "a")
    member.subscriber.stop()
    member.subscriber.run()
    assert ([], []) == (crew.handled, [row.owner for row in rows(store) if row.owner])


def test_a_worker_may_run_again(store: EventStore, crew: Crew) -> None:
    """Under another name, with another lease."""
    member = crew.hire().start()
    append(store, "a")
    wait_until(lambda: crew.handled)
    first = member.owner
    member.stop()
    member.start().wait_for_shards(1)
    append(store, "a")
    wait_until(lambda: len(crew.handled) == 2)
    assert first != member.owner
