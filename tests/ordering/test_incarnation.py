"""Rule 5: what a reader remembers is worth nothing on another run of the server."""

import os
import signal
from collections.abc import Iterator
from itertools import islice

import pytest
from attrs import evolve
from sqlalchemy import NullPool, create_engine, event, text

from sourcery import EventStore
from sourcery.dialects import IncarnationChanged
from sourcery.errors import StoreRewound
from tests.databases import Database, Server
from tests.databases.network import NetworkServer
from tests.ordering.happened import Happened
from tests.ordering.support import Worker, append, in_flight, read, wait_until

pytestmark = [
    pytest.mark.databases("postgresql"),
    pytest.mark.promise(17),
    pytest.mark.promise(49),
]


@pytest.fixture
def store(database: Database) -> Iterator[EventStore]:
    """A store that takes a new connection for each page, so that a restart breaks none."""
    with EventStore(create_engine(database.url, poolclass=NullPool)) as store:
        yield store


@pytest.fixture(autouse=True)
def _pages_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sourcery.reading.PAGE", 3)


def restart(server: Server) -> None:
    """Crash it and start it again."""
    server.kill()
    server.start()


def test_rule_5_a_restart_voids_the_frontier(store: EventStore, server: Server) -> None:
    """The page's own statement sees that another run answers than the frontier's."""
    append(store)
    frontier = store.database.frontier()
    restart(server)
    with pytest.raises(IncarnationChanged):
        Worker(store).page(frontier)
    assert [1] == Worker(store).look()


@pytest.mark.databases("postgresql", "mariadb")
def test_rule_5_a_read_goes_on_after_a_restart(store: EventStore, server: Server) -> None:
    """Events already given are not given again, the others are."""
    append(store, "a", 8)
    reading = store.read(events=Happened)
    before = [recorded.version for recorded in islice(reading, 3)]
    restart(server)
    assert [1, 2, 3] == before
    assert [4, 5, 6, 7, 8] == [recorded.version for recorded in reading]


def test_rule_5_lost_history_stops_the_read(store: EventStore, server: Server) -> None:
    """The last event given is not there any more: whatever comes next would be a guess."""
    append(store, "a", 8)
    reading = store.read(events=Happened)
    list(islice(reading, 3))
    restart(server)
    with store.database.connect_to_write() as connection, connection.begin():
        connection.execute(text("DELETE FROM sourcery_events WHERE position = 3"))
    with pytest.raises(StoreRewound, match="no longer at position 3"):
        next(reading)


def test_rule_5_another_time_zone_is_the_same_server(database: Database) -> None:
    """Connections of one pool may have settings of their own."""
    engine = create_engine(database.url, poolclass=NullPool)
    zones = iter(["UTC", "Asia/Tokyo"] * 100)

    @event.listens_for(engine, "connect")
    def _connected(driver: object, _record: object) -> None:
        driver.execute(f"SET TIME ZONE '{next(zones)}'")  # type: ignore[attr-defined]
        driver.commit()  # type: ignore[attr-defined]

    with EventStore(engine) as store:
        append(store, "a", 8)
        assert list(range(1, 9)) == read(store)


def lose_numbers(store: EventStore, server: NetworkServer, count: int) -> None:
    """Draw numbers, roll back, and crash before anything of it reaches the disk."""
    query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"
    os.kill(server.query(query)[0], signal.SIGSTOP)
    with in_flight(store) as flight:
        flight.append("undone", count)
        flight.rollback()
    assert count + 1 == store.settled()


def test_rule_5_a_crash_may_hand_out_numbers_again(
    store: EventStore, server: NetworkServer
) -> None:
    """A frontier from before the crash would pass an event in flight; it is refused."""
    append(store)
    worker = Worker(store, checkpoint=1)
    lose_numbers(store, server, 100)
    remembered = store.database.frontier()
    restart(server)
    assert remembered.settled > store.settled()
    with in_flight(store) as flight:
        flight.append("early")
        late = append(store, "late").last
        assert late <= remembered.settled
        with pytest.raises(IncarnationChanged):
            worker.page(remembered)
        unchecked = evolve(remembered, incarnation=store.database.frontier().incarnation)
        assert [late] == Worker(store, checkpoint=1).page(unchecked)  # without the check: lost
        assert [] == worker.look()
        flight.commit()
    assert [late - 1, late] == worker.look()


def test_rule_5_a_stored_checkpoint_survives_the_crash(
    store: EventStore, server: NetworkServer
) -> None:
    """Its own commit wrote the sequence to the disk before it."""
    append(store)
    lose_numbers(store, server, 100)
    with store.database.connect_to_write() as connection, connection.begin():
        connection.execute(text("CREATE TABLE checkpoints AS SELECT 101 AS position"))
    restart(server)
    assert append(store).last > 101


def test_rule_5_the_servers_end_is_an_error(store: EventStore, server: Server) -> None:
    """While nobody answers a read fails, and afterwards it works."""
    append(store)
    server.kill()
    with pytest.raises(Exception, match="connection"):
        read(store)
    server.start()
    wait_until(lambda: [1] == read(store))
