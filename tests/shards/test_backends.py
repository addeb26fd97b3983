"""Semantics 20: whoever takes a shard ends the connection that had it, and no other."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from sourcery import EventStore
from sourcery.consumers import take
from tests.databases import Database
from tests.ordering.support import wait_until
from tests.proxy import Proxy
from tests.shards.crew import Crew, rows
from tests.shards.model import make_tables, outcome_of, see

pytestmark = [
    pytest.mark.promise(22),
    pytest.mark.promise(49),
    pytest.mark.databases("postgresql", "mariadb"),
]

#: Its heart stops beating soon after its loop does.
FRAIL = {"page_timeout": 0.3}
_CONNECTIONS = {
    "postgresql": "select count(*) from pg_stat_activity where pid = :number",
    "mariadb": "select count(*) from information_schema.processlist where id = :number",
}


def is_connected(store: EventStore, mark: str | None) -> bool:
    """Whether the connection of a mark is there."""
    assert mark is not None
    statement = text(_CONNECTIONS[store.engine.dialect.name.replace("mysql", "mariadb")])
    with store.engine.connect() as connection:
        return bool(connection.execute(statement, {"number": int(mark.split("/")[0])}).scalar())


def test_a_frozen_owner_that_holds_locks_is_ended(store: EventStore, crew: Crew) -> None:
    """It wrote the very row that the event writes: its successor would wait for ever."""
    make_tables(store)
    frozen, thief = crew.hire(see, **FRAIL), crew.hire(see)
    frozen.hang(store)
    mark = rows(store)[0].backend
    assert is_connected(store, mark)
    thief.start().wait_for_shards(1)
    wait_until(lambda: outcome_of(store).lost == 0)
    assert not is_connected(store, mark)
    frozen.handling.let_go()
    wait_until(lambda: rows(store)[0].live_wanter == frozen.owner)
    assert {} == outcome_of(store).faults


@pytest.fixture
def innocent(store: EventStore) -> Iterator[Connection]:
    """A connection of somebody else."""
    with store.engine.connect() as connection:
        yield connection


def test_a_later_connection_of_that_number_is_left_alone(
    store: EventStore, crew: Crew, innocent: Connection
) -> None:
    """Numbers come again, on PostgreSQL soon, on MariaDB after a restart; the start tells."""
    dialect = store.database.dialect
    mark = dialect.backend_mark(innocent)
    assert mark is not None
    number, _, started = mark.partition("/")
    leave_behind(store, crew, f"{number}/{int(started) - 1_000_000_000}")
    crew.hire().start().wait_for_shards(1)
    assert innocent.execute(text("select 1")).scalar() == 1


def test_the_connection_of_the_mark_is_ended(
    store: EventStore, crew: Crew, innocent: Connection
) -> None:
    """The test of the test before."""
    mark = store.database.dialect.backend_mark(innocent)
    assert mark is not None
    leave_behind(store, crew, mark)
    crew.hire().start().wait_for_shards(1)
    assert not is_connected(store, mark)
    innocent.invalidate()


def leave_behind(store: EventStore, crew: Crew, mark: str) -> None:
    """A lease that ran out, of a worker that is gone."""
    crew.hire().subscriber.run_once()
    [row], dialect = rows(store), store.database.dialect
    with store.database.connect_to_write() as connection, connection.begin():
        assert take(connection, dialect, row, "gone", until=row.now, backend=mark)


def test_a_connection_that_only_we_have_lost_is_ended(
    store: EventStore, database: Database, crew: Crew, proxy: Proxy
) -> None:
    """The server still holds what the page locked: the event would wait for itself."""
    make_tables(store)
    far = database.url.set(port=proxy.port)
    member = crew.hire(see, lease=3600.0, database=far)
    member.hang(store)
    mark = rows(store)[0].backend
    proxy.lose()
    member.handling.let_go()
    wait_until(lambda: outcome_of(store).lost == 0)
    assert not is_connected(store, mark)
