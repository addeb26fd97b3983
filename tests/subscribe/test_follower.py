"""Rules 1 and 2: what every follower of the log, stored or not, is given and may move over."""

import pytest

from sourcery import EventStore
from sourcery.following import Follower
from tests.ordering.support import EVERYTHING, append, in_flight

pytestmark = pytest.mark.promise(49)


def follower_of(store: EventStore, after: int = 0, size: int = 3) -> Follower:
    """One that reads three rows at a time, and has looked at nothing yet."""
    return Follower(store.database, EVERYTHING, after, size=size)


def positions(follower: Follower, **bounds: int) -> list[int]:
    """What a look finds."""
    return [row[0] for row in follower.look(**bounds).rows]


def test_rule_1_a_look_does_not_move(store: EventStore) -> None:
    """The same page comes until it is advanced."""
    append(store, "a", 4)
    follower = follower_of(store)
    assert ([1, 2, 3], [1, 2, 3]) == (positions(follower), positions(follower))
    assert 0 == follower.position
    follower.advance(2)
    assert ([3, 4], 2, 4) == (positions(follower), follower.position, follower.settled)


def test_rule_2_a_full_page_moves_to_its_last_row(store: EventStore) -> None:
    """Another one to the settled position."""
    append(store, "a", 4)
    follower = follower_of(store)
    page = follower.look()
    assert (3, True) == (page.upto, page.full)
    follower.advance(page.upto)
    page = follower.look()
    assert ([4], 4, False) == ([row[0] for row in page.rows], page.upto, page.full)


def test_rule_2_it_moves_over_holes_at_once(store: EventStore) -> None:
    """Rolled-back numbers at the end, without a clock."""
    append(store, "a")
    with in_flight(store) as flight:
        flight.append("undone", 3)
    page = follower_of(store).look()
    assert (store.settled(), [1]) == (page.upto, [row[0] for row in page.rows])


def test_rule_2_it_never_moves_back(store: EventStore) -> None:
    """Neither by an older page, nor to a settled position below."""
    append(store, "a", 4)
    follower = follower_of(store, after=9)
    page = follower.look()
    assert ([], 9, False) == (list(page.rows), page.upto, page.full)
    follower.advance(3)
    assert 9 == follower.position


def test_a_look_is_bounded_by_rows_and_position(store: EventStore) -> None:
    """By fewer rows than a page, never by more; a bound behind it gives nothing."""
    append(store, "a", 5)
    follower = follower_of(store)
    assert [1, 2] == positions(follower, limit=2)
    assert [1, 2, 3] == positions(follower, limit=10)
    page = follower.look(upto=2)
    assert ([1, 2], 2, False) == ([row[0] for row in page.rows], page.upto, page.full)
    follower.advance(4)
    assert ([], 4) == (positions(follower, upto=2), follower.look(upto=2).upto)


def test_a_page_that_was_not_full_is_followed_by_a_fresh_look(store: EventStore) -> None:
    """Whether it was done or not, what settled since is seen."""
    append(store, "a", 1)
    follower = follower_of(store)
    assert [1] == positions(follower)
    append(store, "b", 1)
    assert [1, 2] == positions(follower)


def test_the_frontier_is_kept_until_it_is_reached(store: EventStore) -> None:
    """A backlog is read behind one frontier, and what came meanwhile after it."""
    append(store, "a", 4)
    follower = follower_of(store)
    follower.advance(follower.look().upto)
    append(store, "b", 4)
    assert ([4], 4) == (positions(follower), follower.settled)
    assert ([4, 5, 6], 8) == (positions(follower), follower.settled)
