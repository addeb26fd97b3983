"""Position floors from inside: the lock before the number, one lock for a transaction."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from attrs import define
from sqlalchemy import Connection, text

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.dialects import floor_append, floors
from sourcery.testing.conformance.fixtures import Background
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.stress.sabotage import statements_with
from sourcery.testing.conformance.support import Consumer, InFlight, Worker, append, wait_until

pytestmark: object = [pytest.mark.needs("floors"), pytest.mark.promise(49)]

SEQUENCE = "sourcery_positions_seq"
WAITING = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
OF_THIS_BACKEND = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
)

#: A writer that has read the sequence waits for lock (7, 7) before it locks its floor.
PAUSED_BEFORE_THE_LOCK = {
    "_FLOOR": """
with floor as materialized (
    select pg_advisory_xact_lock_shared(key), key
    from (
        select key, pg_advisory_xact_lock_shared(7, 7)
        from (
            select coalesce(
                %b::bigint, ({sequence_oid} & 8388607) << 40 | {last_used}
            ) as key
            from {sequence}
        ) as drawn
        offset 0
    ) as paused
)"""
}

Fill = Callable[[UnitOfWork], None]


def one_row(uow: UnitOfWork) -> None:
    """Append what the statement for one event writes."""
    uow.append(Stream("thing", "a"), [Happened()], expected=0)


def checked_row(uow: UnitOfWork) -> None:
    """Append one event behind the one there is."""
    uow.append(Stream("thing", "there"), [Happened()], expected=1)


def two_rows(uow: UnitOfWork) -> None:
    """Append what the statement for several events writes."""
    uow.append(Stream("thing", "a"), [Happened(), Happened()], expected=0)


def many_rows(uow: UnitOfWork) -> None:
    """Append so many that the plan may be another one."""
    for n in range(40):
        uow.append(Stream("thing", n), [Happened()] * 50, expected=0)


def unchecked_rows(uow: UnitOfWork) -> None:
    """Append without an expected version."""
    uow.append(Stream("thing", "a"), [Happened(), Happened()])


def messages(uow: UnitOfWork) -> None:
    """Write the outbox alone."""
    for _ in range(3):
        uow.publish("topic", payload={})


@define
class Blockade:
    """Holds the very lock that the next writer's statement will want."""

    connection: Connection
    key: str = ""

    def stand(self, key: str = "") -> None:
        """Take it, exclusively; or another one."""
        floor = f"('{SEQUENCE}'::regclass::oid::bigint & 8388607) << 40 | {self.last()}"
        self.key = key or floor
        self.connection.execute(text(f"SELECT pg_advisory_lock({self.key})"))

    def lift(self) -> None:
        """Let go of it."""
        self.connection.execute(text(f"SELECT pg_advisory_unlock({self.key})"))

    def last(self) -> int:
        """Give the number last handed out."""
        query = text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {SEQUENCE}")
        return int(self.connection.execute(query).scalar_one())

    def meets(self, writer: Future[Any]) -> None:
        """Wait until a writer waits for the lock."""
        wait_until(lambda: writer.done() or self.connection.execute(WAITING).scalar_one())
        assert not writer.done()


@pytest.fixture
def blockade(store: EventStore, background: Background) -> Iterator[Blockade]:
    """One that does not stand yet; it falls before threads that wait for it are waited for."""
    with store.database.reading() as connection:
        yield Blockade(connection)
        connection.execute(text("SELECT pg_advisory_unlock_all()"))


@pytest.mark.parametrize("plan", ["custom", "generic"])
@pytest.mark.parametrize(
    "fill", [one_row, checked_row, two_rows, many_rows, unchecked_rows, messages]
)
def test_the_lock_precedes_the_number(
    store: EventStore,
    flight: InFlight,
    blockade: Blockade,
    background: Background,
    fill: Fill,
    plan: str,
) -> None:
    """While a writer waits for its floor the sequence does not move, whatever the plan."""
    append(store, "there")
    flight.execute(f"SET LOCAL plan_cache_mode = force_{plan}_plan")
    driver: Any = flight.connection.connection.driver_connection
    driver.prepare_threshold = 0 if plan == "generic" else None
    blockade.stand()
    writer = background(joined, store, flight, fill)
    blockade.meets(writer)
    assert 1 == blockade.last()
    blockade.lift()
    writer.result()
    assert 1 < blockade.last()


def joined(store: EventStore, flight: InFlight, fill: Fill) -> None:
    """Write in a transaction that is open."""
    with UnitOfWork(store, session=flight.connection) as uow:
        fill(uow)


def test_the_test_sees_a_number_drawn_first(
    store: EventStore, flight: InFlight, blockade: Blockade, background: Background
) -> None:
    """The test of the test: a lock taken while rows are returned comes after `nextval`."""
    lock = "(select pg_advisory_xact_lock_shared(key)::text)"
    pieces = {
        "_FLOOR": floors._FLOOR.replace("pg_advisory_xact_lock_shared(key)", "1"),
        "_APPEND_ONE": floors._APPEND_ONE.replace(
            "(select key from floor)", f"(select key from (select {lock}, key from floor) as f)"
        ),
    }
    append(store, "there")
    blockade.stand()
    with statements_with(pieces):
        writer = background(joined, store, flight, one_row)
        blockade.meets(writer)
    assert 2 == blockade.last()
    blockade.lift()
    writer.result()


@pytest.mark.parametrize(
    ("forgets", "locks"), [(False, 1), (True, 60)], ids=["ours", "another floor each time"]
)
def test_rule_3_a_transaction_locks_one_floor(
    flight: InFlight, monkeypatch: pytest.MonkeyPatch, locks: int, *, forgets: bool
) -> None:
    """Its first; another one at each append would fill the server's lock table."""
    if forgets:
        monkeypatch.setattr(floor_append, "_first_floors", lambda _: {})
    for _ in range(60):
        flight.append("a")
    assert locks == flight.execute(OF_THIS_BACKEND).scalar_one()


def test_rule_3_two_thousand_appends_have_one_lock(store: EventStore, flight: InFlight) -> None:
    """They roll back to savepoints meanwhile, and write events and messages."""
    for version in range(2000):
        with UnitOfWork(store, session=flight.connection) as uow:
            uow.append(Stream("thing", "a"), [Happened()], expected=version)
            if version % 10 == 0:
                uow.publish("topic", payload={})
    assert 1 == flight.execute(OF_THIS_BACKEND).scalar_one()
    append(store, "b")
    assert 0 == store.settled()


def test_rule_3_another_transaction_has_another_floor(store: EventStore) -> None:
    """What a pooled connection remembers belongs to the transaction, not to the connection."""
    with store.database.connect_to_write() as connection:
        for last in (0, 1):
            with connection.begin() as transaction:
                InFlight(store, connection, transaction).append("a")
                assert last == store.settled()


def lowest(store: EventStore) -> int:
    """min(h, f) as the database has it at this moment; the store remembers a greater one."""
    with store.database.reading() as connection:
        return store.database.dialect.frontier(connection).settled


def test_rule_2_the_checkpoint_stays_when_the_floor_falls(
    store: EventStore, flight: InFlight
) -> None:
    """A transaction gives up its floor with a savepoint, and takes the same one again later."""
    worker, consumer = Worker(store), Consumer(store)
    savepoint = flight.connection.begin_nested()
    flight.append("undone")
    savepoint.rollback()
    append(store, "other")
    assert ([2], [("other", 1)]) == (worker.look(), consumer.look())
    flight.append("again")
    assert (0, 2) == (lowest(store), store.settled())
    assert ([], []) == (worker.look(), consumer.look())
    assert 2 == worker.checkpoint == consumer.checkpoint
    flight.commit()
    assert ([3], [("again", 1)]) == (worker.look(), consumer.look())


def test_rule_2_a_writer_paused_before_its_lock_doubles_nothing(
    store: EventStore, flight: InFlight, blockade: Blockade, background: Background
) -> None:
    """It locks a floor that it read long ago, below what readers have passed by now."""
    worker = Worker(store)
    append(store, "first")
    blockade.stand("7, 7")
    with statements_with(PAUSED_BEFORE_THE_LOCK):
        writer = background(joined, store, flight, one_row)
        blockade.meets(writer)
    blockade.connection.execute(text(f"SELECT nextval('{SEQUENCE}')"))
    append(store, "other")
    assert [1, 3] == worker.look()
    blockade.lift()
    writer.result()
    assert (1, 3, []) == (lowest(store), store.settled(), worker.look())
    flight.commit()
    assert [4] == worker.look()
