"""The connection that a busy thread reads on again and again."""

import pytest
from sqlalchemy import QueuePool
from sqlalchemy.exc import DBAPIError

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.dialects.driver import run
from tests.databases import Database
from tests.domain import Opened
from tests.store.test_connections import kill_all_but_mine

ADA = Stream("account", "ada")


def checked_out(store: EventStore) -> int:
    """Connections of the pool that are in use."""
    pool = store.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


def test_it_is_one_connection_until_it_is_let_go(store: EventStore) -> None:
    """Whatever else the thread needs of the pool comes instead of it, not beside it."""
    database = store.database
    with database.keeping_reader():
        with database.reading() as first:
            pass
        with database.reading() as second:
            assert second is first
        assert 1 == checked_out(store)
        with database.writing():
            assert 1 == checked_out(store)
        with database.reading():
            pass
        database.let_go_of_reader()
        assert 0 == checked_out(store)
    assert 0 == checked_out(store)


@pytest.mark.promise(13)
def test_each_look_sees_what_is_committed_by_then(store: EventStore) -> None:
    """Though the connection is the same."""
    with store.database.keeping_reader():
        seen: list[int] = []
        for _ in range(3):
            seen.append(store.settled())
            other = EventStore(store.engine, events=Opened)
            with UnitOfWork(other) as uow:
                uow.append(ADA, [Opened("Ada")])
    assert seen == sorted(set(seen))


def test_a_block_inside_another_has_one_of_its_own(store: EventStore) -> None:
    """What reads there may be in the middle of it."""
    with store.database.keeping_reader(), store.database.reading() as outer:
        with store.database.reading() as inner:
            assert inner is not outer
        assert 1 == checked_out(store)


@pytest.mark.databases("postgresql")
def test_what_commits_by_itself_does_so_no_more_afterwards(store: EventStore) -> None:
    """Also after an error, and a connection that is lost meanwhile is known to be."""
    dialect = store.database.dialect
    with store.database.writing() as connection:
        with pytest.raises(DBAPIError), dialect.single_statement(connection), connection.begin():
            run(connection, "select 1/0", (), returns=True)
        with connection.begin():
            run(connection, "create table scratch (n integer)", (), returns=False)
            connection.get_transaction().rollback()  # type: ignore[union-attr]
        with connection.begin():
            found = run(connection, "select to_regclass('scratch')", (), returns=True)
            assert found.scalar() is None
        connection.connection.driver_connection.close()  # type: ignore[union-attr]
        with pytest.raises(DBAPIError), dialect.single_statement(connection):
            pass
        assert connection.invalidated


@pytest.mark.promise(27)
@pytest.mark.databases("postgresql", "mariadb")
def test_a_lost_one_is_replaced(database: Database) -> None:
    """The block in which that is noticed fails; the next has another connection."""
    with EventStore(database.url, events=Opened) as store, store.database.keeping_reader():
        with store.database.reading() as lost:
            pass
        kill_all_but_mine(database)
        with pytest.raises(DBAPIError), store.database.reading() as lost:
            lost.exec_driver_sql("select 1")
        with store.database.reading() as found:
            assert 1 == found.exec_driver_sql("select 1").scalar()
