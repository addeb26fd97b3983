"""Promise 23 and semantics 26: workers share the shards fairly, whoever comes and goes."""

from collections import Counter

import pytest

from sourcery import EventStore
from sourcery.testing.conformance.crew.members import Crew, rows
from sourcery.testing.conformance.support import append, wait_until

pytestmark: object = [pytest.mark.promise(23), pytest.mark.promise(49)]


def shares(store: EventStore) -> list[int]:
    """How many shards each worker has, most first; 0 is nobody's."""
    owners = Counter(row.owner for row in rows(store) if row.is_owned)
    return sorted(owners.values(), reverse=True)


@pytest.mark.parametrize(
    ("shards", "workers", "fair"),
    [
        (4, 1, [[4]]),
        (4, 2, [[2, 2]]),
        (4, 3, [[2, 2], [2, 1, 1]]),
        (4, 4, [[1, 1, 1, 1]]),
        (3, 2, [[2, 1]]),
        (5, 3, [[2, 2, 1]]),
        (1, 2, [[1]]),
    ],
)
def test_each_has_its_share(
    store: EventStore, crew: Crew, shards: int, workers: int, fair: list[list[int]]
) -> None:
    """Nobody has more than shards / workers, rounded up, while another wants one."""
    for _ in range(workers):
        crew.hire(shards=shards, lease=60.0).start()
    wait_until(lambda: shares(store) in fair)


def test_newcomers_get_theirs_one_after_the_other(store: EventStore, crew: Crew) -> None:
    """Each within a few looks, far below the length of a lease."""
    for fair in ([[4]], [[2, 2]], [[2, 2]], [[1, 1, 1, 1]]):
        crew.hire(shards=4, lease=60.0).start()
        wait_until(lambda expected=fair: shares(store) in expected, timeout=5.0)


def test_who_finds_all_shards_in_fair_hands_stands_by(store: EventStore, crew: Crew) -> None:
    """Two of four each is fair among three: the third waits, and is seen to."""
    first, second = (crew.hire(shards=4, lease=60.0).start() for _ in range(2))
    wait_until(lambda: shares(store) == [2, 2])
    third = crew.hire(shards=4, lease=60.0).start()
    wait_until(lambda: any(row.live_wanter == third.owner for row in rows(store)))
    append(store, "a")
    wait_until(lambda: crew.handled)
    assert [2, 2, 0] == [len(member.owns()) for member in (first, second, third)]


def test_those_who_go_give_theirs_back_at_once(store: EventStore, crew: Crew) -> None:
    """The others take them long before a lease runs out."""
    members = [crew.hire(shards=4, lease=60.0).start() for _ in range(4)]
    wait_until(lambda: shares(store) == [1, 1, 1, 1])
    for fair in ([[2, 1, 1]], [[2, 2]], [[4]]):
        members.pop().stop()
        wait_until(lambda expected=fair: shares(store) in expected, timeout=5.0)


def test_a_standby_that_goes_wants_nothing_more(store: EventStore, crew: Crew) -> None:
    """What it asked for is not kept free for it."""
    first = crew.hire(shards=2, lease=60.0).start()
    first.wait_for_shards(2)
    append(store, "a")
    first.handling.hold()
    append(store, "a")
    wait_until(lambda: first.handling.is_held)
    second = crew.hire(shards=2, lease=60.0).start()
    wait_until(lambda: any(row.live_wanter == second.owner for row in rows(store)))
    second.stop()
    first.handling.let_go()
    append(store, "a")
    wait_until(lambda: len(first.handling.handled) == 3)
    first.wait_for_shards(2)
    assert [None, None] == [row.live_wanter for row in rows(store)]
