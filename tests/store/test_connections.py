"""Connections that turn out to be dead, and a settled position that never falls."""

import pytest
from sqlalchemy import create_engine, text

from sourcery import EventStore, Stream, UnitOfWork, transact
from sourcery.errors import DatabaseMisconfigured
from tests.databases import Database
from tests.domain import Opened, events_stored


@pytest.mark.promise(13)
@pytest.mark.databases("postgresql")
def test_the_settled_position_never_falls(database: Database) -> None:
    """A writer may lock a floor that it read before the settled position passed it."""
    with EventStore(database.url, events=Opened) as store:
        with UnitOfWork(store) as uow:
            uow.append(Stream("account", 1), [Opened("Ada"), Opened("Bob")])
        settled = store.settled()
        oid = "'sourcery_positions_seq'::regclass::oid::bigint & 8388607"
        with store.engine.begin() as late:
            late.execute(text(f"select pg_advisory_xact_lock_shared(({oid}) << 40)"))
            assert 0 == store.database.dialect.frontier(late).settled
            assert settled == store.settled()


KILL = {
    "postgresql": "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()",
    "mariadb": "select id from information_schema.processlist "
    "where db = database() and id <> connection_id()",
}


def kill_all_but_mine(database: Database) -> None:
    """End every other connection to this database, at the server."""
    engine = create_engine(database.url)
    with engine.connect() as connection:
        for (found,) in connection.exec_driver_sql(KILL[database.server.family]).all():
            if database.server.family == "mariadb":
                connection.exec_driver_sql(f"kill {found}")
    engine.dispose()


@pytest.mark.databases("postgresql", "mariadb")
def test_a_dead_pooled_connection_is_tried_again(database: Database) -> None:
    """The connections of the caller's engine died in the pool; `transact` goes on."""
    engine = create_engine(database.url)
    store = EventStore(engine, events=Opened)
    assert 0 == store.settled()
    kill_all_but_mine(database)

    def work(uow: UnitOfWork) -> None:
        uow.append(Stream("account", 1), [Opened("Ada")], expected=0)

    assert 2 == transact(store, work).attempts
    assert 1 == events_stored(store)
    engine.dispose()


@pytest.mark.databases("postgresql")
def test_dates_written_in_another_style_are_refused(database: Database) -> None:
    """Times are read as text, so the store says at start what would go wrong later."""
    url = database.url.update_query_dict({"options": "-c datestyle=german"})
    with EventStore(url, events=Opened) as store, pytest.raises(DatabaseMisconfigured, match="ISO"):
        store.settled()
