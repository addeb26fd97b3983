"""Promise 17: another server takes over, or gets the data; nothing is passed over."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import psycopg
import pytest
from attrs import define
from sqlalchemy import Engine, NullPool, create_engine

from sourcery import EventStore, UnitOfWork
from sourcery.dialects import IncarnationChanged
from sourcery.errors import StandbyRefused, StoreRewound
from tests.databases import Database
from tests.databases.postgresql import PostgreSQL
from tests.ordering.clusters import Standby, dump_and_restore, new_server_like, standby_of
from tests.ordering.happened import Happened
from tests.ordering.support import Consumer, Worker, append, in_flight, read, stored

pytestmark = [pytest.mark.databases("postgresql"), pytest.mark.promise(17)]


@pytest.fixture
def standby(store: EventStore, server: PostgreSQL) -> Iterator[Standby]:
    """A standby that has five events of the store, in stream a."""
    append(store, "a", 5)
    with standby_of(server) as standby:
        standby.catch_up()
        yield standby


def test_a_standby_is_refused(standby: Standby, database: Database) -> None:
    """Its sequence runs ahead of what it shows, so nothing there is known to be settled."""
    with EventStore(standby.at(database.url)) as store:
        with pytest.raises(StandbyRefused):
            store.settled()
        with pytest.raises(StandbyRefused):
            read(store)
        with pytest.raises(StandbyRefused):
            append(store)
        standby.promote()
        assert [1, 2, 3, 4, 5] == read(store)
        append(store)


def test_a_standbys_sequence_runs_ahead(standby: Standby, store: EventStore) -> None:
    """The test of the test: it says more than the primary, up to 32 numbers not drawn yet."""
    append(store, "b")
    standby.catch_up()
    engine = create_engine(standby.at(store.database.engine.url), poolclass=NullPool)
    with engine.connect() as connection:
        last = connection.exec_driver_sql("SELECT last_value FROM sourcery_positions_seq")
        assert store.settled() < last.scalar_one()


@define
class Address:
    """Leads to one server, and after a fail-over to another, as a proxy or DNS does."""

    database: Database
    port: int

    def connect(self) -> Any:
        """Open a driver connection to whichever it is now."""
        url = self.database.url
        return psycopg.connect(
            host=url.host, port=self.port, user=url.username, dbname=url.database
        )


@pytest.fixture
def address(database: Database, standby: Standby) -> Address:
    """First the primary."""
    return Address(database, standby._primary.process.port)


@pytest.fixture
def moving(address: Address, monkeypatch: pytest.MonkeyPatch) -> EventStore:
    """A store behind that address; it reads three events at a time."""
    monkeypatch.setattr("sourcery.reading.PAGE", 3)
    engine: Engine = create_engine(
        "postgresql+psycopg://", creator=address.connect, poolclass=NullPool
    )
    return EventStore(engine)


def fail_over(address: Address, standby: Standby) -> None:
    """Lose the primary with all that the standby has not."""
    standby._primary.kill()
    standby.promote()
    address.port = standby.process.port


def test_a_fail_over_that_lost_what_was_read_stops_the_reader(
    moving: EventStore, address: Address, standby: Standby
) -> None:
    """It was given events that are no longer there; a new history has their positions."""
    standby.cut_off()
    append(moving, "lost", 100)
    reading = moving.read(events=Happened)
    assert 9 == len(list(islice(reading, 9)))
    fail_over(address, standby)
    append(moving, "new", 100)
    with pytest.raises(StoreRewound, match="no longer at position 9"):
        list(reading)


def test_a_reader_that_lost_nothing_goes_on_after_a_fail_over(
    moving: EventStore, address: Address, standby: Standby
) -> None:
    """All it was given is there; the new history follows."""
    standby.cut_off()
    append(moving, "lost", 100)
    reading = moving.read(events=Happened)
    before = [recorded.position for recorded in islice(reading, 3)]
    fail_over(address, standby)
    append(moving, "new", 2)
    given = [(recorded.stream.id, recorded.version) for recorded in reading]
    assert [1, 2, 3] == before
    assert [("a", 4), ("a", 5), ("new", 1), ("new", 2)] == given


def test_a_frontier_of_the_old_primary_is_refused(
    moving: EventStore, address: Address, standby: Standby
) -> None:
    """It would move a checkpoint past an event in flight on the new one."""
    standby.cut_off()
    append(moving, "lost", 100)
    remembered = moving.database.frontier()
    fail_over(address, standby)
    worker = Worker(moving, checkpoint=5)
    with in_flight(moving) as flight:
        early = flight.append("early").last
        late = append(moving, "late").last
        assert late < remembered.settled
        with pytest.raises(IncarnationChanged):
            worker.page(remembered)
        assert [] == worker.look()
        flight.commit()
    assert [early, late] == worker.look()


def test_consumers_go_on_after_dump_and_restore(store: EventStore, server: PostgreSQL) -> None:
    """Positions mean the same on a new server, where transactions are numbered anew."""
    consumer = Consumer(store)
    append(store, "a", 3)
    consumer.look()
    with in_flight(store) as flight:
        flight.append("undone", 3)
    append(store, "b", 2)
    with new_server_like(server) as another:
        url = another.create_database()
        dump_and_restore(server, store.database.engine.url, url)
        with EventStore(url) as restored:
            assert (stored(store), store.settled()) == (read(restored), restored.settled())
            consumer.store = restored
            assert [("b", 1), ("b", 2)] == consumer.look()
            append(restored, "b")
            assert [("b", 3)] == consumer.look()


@pytest.mark.promise(49)
def test_rule_7_tables_without_their_sequence_are_refused(
    store: EventStore, server: PostgreSQL
) -> None:
    """A logical upgrade copies rows and leaves the sequence behind; repair goes on from there."""
    append(store, "a", 5)
    url = server.create_upgraded()
    options = ["--data-only", "--table=sourcery_events"]
    dump_and_restore(server, store.database.engine.url, url, *options)
    with EventStore(url) as copy:
        with pytest.raises(StoreRewound):
            append(copy, "a")
        copy.repair()
        with UnitOfWork(copy) as uow:
            uow.publish("topic", payload={})
        assert 6 == uow.token.last
    server.drop_database(url)
