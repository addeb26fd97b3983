"""Rule 5 for a live subscription: what it remembers is worth nothing on another run."""

from collections.abc import Iterator

import pytest
from sqlalchemy import NullPool, create_engine, text

from sourcery import NOW, EventStore
from sourcery.errors import StoreRewound
from sourcery.following import Follower
from tests.databases import Database, Server
from tests.databases.network import NetworkServer
from tests.ordering.happened import Happened
from tests.ordering.support import EVERYTHING, append, in_flight
from tests.ordering.test_incarnation import lose_numbers, restart

pytestmark = [
    pytest.mark.databases("postgresql"),
    pytest.mark.promise(17),
    pytest.mark.promise(49),
]


@pytest.fixture
def store(database: Database) -> Iterator[EventStore]:
    """A store that takes a new connection for each look, so that a restart breaks none."""
    engine = create_engine(database.url, poolclass=NullPool)
    with EventStore(engine, notify=False) as store:
        yield store


def numbers_again(store: EventStore) -> list[int]:
    """Append below the numbers that the crash took back."""
    token = append(store, "again", 3)
    assert token.last < 101
    return list(range(token.last - 2, token.last + 1))


def test_rule_5_numbers_handed_out_again_are_delivered(
    store: EventStore, server: NetworkServer
) -> None:
    """It had moved over them in memory, for they were rolled back: a hole, and settled."""
    append(store)
    subscription = store.subscribe(events=Happened, timeout=0)
    assert 1 == len(list(subscription))
    lose_numbers(store, server, 100)
    assert ([], 101) == (list(subscription), subscription.position)
    restart(server)
    expected = numbers_again(store)
    assert expected == [recorded.position for recorded in subscription]


def test_rule_5_whoever_keeps_the_position_loses_them(
    store: EventStore, server: NetworkServer
) -> None:
    """The test of the test: a position of memory taken for a stored one."""
    append(store)
    follower = Follower(store.database, EVERYTHING, 1, durable=True)
    lose_numbers(store, server, 100)
    follower.advance(follower.look().upto)
    assert 101 == follower.position
    restart(server)
    numbers_again(store)
    assert [] == list(follower.look().rows)


def test_rule_5_a_durable_position_goes_back_to_what_was_stored(
    store: EventStore, server: NetworkServer
) -> None:
    """A worker that moved over a hole without writing it down."""
    append(store)
    follower = Follower(store.database, EVERYTHING, 1, durable=True)
    lose_numbers(store, server, 100)
    follower.advance(follower.look().upto, stored=False)
    restart(server)
    expected = numbers_again(store)
    assert expected == [row[0] for row in follower.look().rows]


@pytest.mark.parametrize("ends", ["commit", "rollback"])
def test_rule_5_one_that_began_now_is_given_them_too(
    store: EventStore, server: NetworkServer, ends: str
) -> None:
    """It was handed nothing yet; what was stored when it began, if anything, tells what is new."""
    with in_flight(store) as flight:
        flight.append("first")
        getattr(flight, ends)()
    lose_numbers(store, server, 100)
    subscription = store.subscribe(after=NOW, events=Happened, timeout=0)
    assert ([], 101) == (list(subscription), subscription.position)
    restart(server)
    expected = numbers_again(store)
    assert expected == [recorded.position for recorded in subscription]


def test_rule_5_lost_history_stops_it(store: EventStore, server: Server) -> None:
    """The last event handed out is no longer there, and that is said each time."""
    append(store, "a", 3)
    subscription = store.subscribe(events=Happened, timeout=0)
    list(subscription)
    with store.database.connect_to_write() as connection, connection.begin():
        connection.execute(text("DELETE FROM sourcery_events WHERE position = 3"))
    assert [] == list(subscription)
    restart(server)
    for _ in range(2):
        with pytest.raises(StoreRewound, match="no longer at position 3"):
            next(subscription)


def test_rule_5_one_that_lost_nothing_goes_on(store: EventStore, server: Server) -> None:
    """While it is idle it sees by the frontier alone that another run answers."""
    append(store, "a", 3)
    subscription = store.subscribe(events=Happened, timeout=0)
    list(subscription)
    restart(server)
    assert [] == list(subscription)
    append(store, "b", 2)
    assert [("b", 1), ("b", 2)] == [(r.stream.id, r.version) for r in subscription]
