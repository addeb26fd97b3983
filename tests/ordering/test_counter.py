"""Rule 8: the counter row of the base dialect, and the errors that ask for another run."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, wait

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.dialects.postgresql import PostgreSQLProtocolDialect
from sourcery.errors import RetryTransaction
from sourcery.testing.conformance.stress.sabotage import store_with
from tests.databases import Database
from tests.ordering.conftest import Background
from tests.ordering.happened import Happened
from tests.ordering.support import DEADLINE, append, in_flight, read, wait_until

pytestmark = pytest.mark.promise(49)


@pytest.fixture
def counted(database: Database) -> Iterator[EventStore]:
    """A store with a counter row; on PostgreSQL as for other servers of its protocol."""
    if database.family == "postgresql":
        store = store_with(PostgreSQLProtocolDialect, database.url)
    else:
        store = EventStore(database.url)
    with store:
        yield store


def test_rule_8_readers_do_not_wait_for_the_counter(
    counted: EventStore, background: Background
) -> None:
    """The settled position is its committed value, read without a lock."""
    append(counted)
    with in_flight(counted) as flight:
        flight.append("early")
        assert 1 == background(counted.settled).result(timeout=5)
        assert [1] == background(read, counted).result(timeout=5)
        flight.commit()
    assert [1, 2] == read(counted)


def test_rule_8_messages_alone_move_the_settled_position(counted: EventStore) -> None:
    """The highest visible event would leave their token unresolved for ever."""
    with UnitOfWork(counted) as uow:
        uow.publish("topic", payload={})
    assert uow.token.last == counted.settled()


@pytest.mark.databases("mariadb")
def test_rule_8_an_old_snapshot_sees_the_newest_head(store: EventStore) -> None:
    """An unchecked append of a strict session goes behind what others committed meanwhile."""
    engine = store.database.engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine) as session, session.begin():
        session.execute(text("SELECT count(*) FROM sourcery_events"))
        append(store, "a", 2)
        with UnitOfWork(store, session=session) as uow:
            uow.append(Stream("thing", "a"), [Happened()])
    assert [1, 2, 3] == [r.version for r in store.read(Stream("thing", "a"), events=Happened)]


@pytest.mark.databases("mariadb")
def test_rule_8_a_lock_timeout_is_for_the_owner_to_retry(store: EventStore) -> None:
    """Error 1205: the counter row was held for longer than the server lets us wait."""
    with in_flight(store) as holder, in_flight(store) as flight:
        holder.append("a")
        flight.execute("SET innodb_lock_wait_timeout = 1")
        with pytest.raises(RetryTransaction):
            flight.append("b")


@pytest.mark.databases("mariadb")
def test_rule_8_a_deadlock_is_for_the_owner_to_retry(
    store: EventStore, background: Background
) -> None:
    """Error 1213: InnoDB gives up the one that wrote less, which is in our statement."""
    with in_flight(store) as light, in_flight(store) as heavy:
        heavy.execute("CREATE TABLE theirs (n INTEGER PRIMARY KEY)")
        heavy.execute("INSERT INTO theirs SELECT seq FROM seq_1_to_100")
        heavy.commit()
        heavy.transaction = heavy.connection.begin()
        light.execute("UPDATE theirs SET n = -1 WHERE n = 1")
        heavy.execute("UPDATE theirs SET n = -n WHERE n > 50")
        heavy.append("a", 20)
        loser = background(light.append, "b")
        wait_until(lambda: lock_waits(store) == 1)
        heavy.execute("UPDATE theirs SET n = -1 WHERE n = 1")
        with pytest.raises(RetryTransaction):
            loser.result()


def lock_waits(store: EventStore) -> int:
    """How many transactions wait for a row lock; InnoDB's tables of locks are 0.1 s behind."""
    query = text("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")
    with store.database.reading() as connection:
        return int(connection.execute(query).one()[1])


@pytest.mark.databases("mariadb")
def test_rule_8_a_changed_row_is_for_the_owner_to_retry(store: EventStore) -> None:
    """Error 1020: with snapshot isolation the counter row may not be older than the snapshot."""
    engine = store.database.engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine) as session, session.begin():
        session.execute(text("SET innodb_snapshot_isolation = ON"))
        session.execute(text("SELECT count(*) FROM sourcery_events"))
        append(store, "a")
        with pytest.raises(RetryTransaction), UnitOfWork(store, session=session) as uow:
            uow.append(Stream("thing", "b"), [Happened()])


@pytest.mark.databases("postgresql")
def test_rule_8_a_deadlock_on_postgresql(store: EventStore, background: Background) -> None:
    """Error 40P01: two transactions append to two streams in opposite order, in two units."""
    with in_flight(store) as one, in_flight(store) as two:
        one.append("a")
        two.append("b")
        owners = {background(one.append, "b"): one, background(two.append, "a"): two}
        (loser,) = wait(owners, timeout=DEADLINE, return_when=FIRST_COMPLETED).done
        owners.pop(loser).rollback()
        assert RetryTransaction is type(loser.exception())
        (winner,) = owners
        assert winner.result() is not None


@pytest.mark.databases("postgresql")
def test_rule_8_a_serialization_failure_on_postgresql(store: EventStore) -> None:
    """Error 40001: the stream has an event that the strict session's snapshot does not see."""
    engine = store.database.engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine) as session, session.begin():
        session.execute(text("SELECT count(*) FROM sourcery_events"))
        append(store, "a")
        with pytest.raises(RetryTransaction), UnitOfWork(store, session=session) as uow:
            uow.append(Stream("thing", "a"), [Happened()], expected=0)
