"""Events that the database itself refuses to change."""

from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from sourcery import EventStore
from sourcery.append_only import is_append_only, statements
from sourcery.errors import StoreRewound, UnknownDatabase
from sourcery.testing.conformance.migrations import check, downgrade, upgrade_to
from sourcery.upgrade import upgrade, within_schema
from tests.databases import Database
from tests.domain import ADA, Deposited, append, history
from tests.ordering.happened import Happened
from tests.security.parts import PARTS, prepare

#: A row like the first one, in all of its columns.
_AGAIN = (
    "insert into sourcery_events select position, category, stream_id, version, event_id, kind,"
    " schema_version, bucket, data, metadata, recorded_at from sourcery_events where version = 1"
)
CHANGES = {
    "update": ("update sourcery_events set kind = 'x'", {"postgresql", "mariadb", "sqlite"}),
    "delete": ("delete from sourcery_events", {"postgresql", "mariadb", "sqlite"}),
    "truncate": ("truncate table sourcery_events", {"postgresql"}),
    "replace": (_AGAIN.replace("insert", "replace"), {"mariadb", "sqlite"}),
    "or replace": ("update or replace sourcery_events set version = 2", {"sqlite"}),
    "upsert": (
        _AGAIN + " on conflict (position) do update set kind = 'x'",
        {"postgresql", "sqlite"},
    ),
    "on duplicate": (_AGAIN + " on duplicate key update kind = 'x'", {"mariadb"}),
}


@pytest.fixture
def protected(empty_database: Database) -> Any:
    """A store with two events that nobody changes."""
    url = empty_database.url.render_as_string(hide_password=False)
    with EventStore(url, events=Deposited) as store:
        store.upgrade(append_only=True)
        append(store, ADA, [Deposited(1), Deposited(2)])
        yield store


def protection(engine: Engine) -> bool:
    """Whether the triggers are there."""
    with engine.connect() as connection:
        return is_append_only(connection)


def outcome(store: EventStore, statement: str) -> str:
    """What the database says of a statement, which is rolled back."""
    with store.engine.connect() as connection:
        try:
            changed = connection.exec_driver_sql(statement).rowcount
        except DBAPIError as error:
            return str(error.orig)
    return f"{changed} rows changed"


def outcomes(store: EventStore) -> dict[str, str]:
    """The same of each that this database has, and has a trigger for."""
    name = store.engine.dialect.name
    return {
        change: outcome(store, line) for change, (line, names) in CHANGES.items() if name in names
    }


def test_each_change_is_refused_in_words(protected: EventStore) -> None:
    """By whichever statement; what is stored stays as it was."""
    said = outcomes(protected)
    assert {} == {k: v for k, v in said.items() if "sourcery_events is append-only: " not in v}
    assert [Deposited(1), Deposited(2)] == history(protected, ADA)


def test_without_triggers_each_is_a_change(protected: EventStore) -> None:
    """The test of the test: `append_only=False` removes them all."""
    protected.upgrade(append_only=False)
    said = outcomes(protected)
    assert {} == {k: v for k, v in said.items() if not v.endswith("rows changed")}
    assert not protection(protected.engine)


@pytest.mark.databases("sqlite")
def test_what_a_program_does_all_day_changes_no_event(empty_database: Database) -> None:
    """Of the others `tests/security/test_accounts.py` says the same, account by account."""
    with EventStore(empty_database.url, events=Happened) as store:
        store.upgrade(append_only=True)
        for work in PARTS.values():
            work(store, prepare(store))
        assert protection(store.engine)


def test_nothing_is_said_and_nothing_changes(protected: EventStore) -> None:
    """A later `upgrade()`, and a repeated one, leave it as it is; nothing is there by itself."""
    for choice in (None, True, None):
        protected.upgrade(append_only=choice)
        assert protection(protected.engine)
    protected.upgrade(append_only=False)
    protected.upgrade()
    assert not protection(protected.engine)


def test_a_position_handed_out_twice_is_still_told(protected: EventStore) -> None:
    """The trigger of SQLite is asked before its primary key."""
    table = "sourcery_positions" if protected.engine.dialect.name != "postgresql" else None
    lower = "select setval('sourcery_positions_seq', 1)"
    with protected.engine.begin() as connection:
        connection.exec_driver_sql(f"update {table} set last = 1" if table else lower)
    with pytest.raises(StoreRewound):
        append(protected, ADA, [Deposited(3)])


def test_later_upgrades_keep_it_and_autogenerate_does_not_see_it(engine: Engine) -> None:
    """From the first revision to the newest, down and up again; and a downgrade removes all."""
    upgrade_to(engine, "sourcery_0001")
    with engine.begin() as connection:
        for statement in statements(engine.dialect.name):
            connection.execute(text(statement))

    upgrade(engine)
    check(engine)
    assert protection(engine)
    downgrade(engine, "sourcery_0001")
    assert protection(engine)
    downgrade(engine)
    upgrade(engine)
    assert not protection(engine)


@pytest.mark.databases("postgresql")
def test_a_downgrade_leaves_no_function_behind(engine: Engine) -> None:
    """The trigger goes with its table, and its function with the trigger."""
    upgrade(engine, append_only=True)
    downgrade(engine)
    with engine.connect() as connection:
        count = "select count(*) from pg_proc where proname like 'sourcery%'"
        assert 0 == connection.scalar(text(count))


@pytest.mark.databases("postgresql", "mariadb")
def test_tenants_choose_one_by_one(engine: Engine, empty_database: Database) -> None:
    """In a schema whose name has to be quoted."""
    tenant = f"t {empty_database.url.database} o'x"
    quoted = engine.dialect.identifier_preparer.quote_identifier(tenant)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {quoted}"))
    there = within_schema(engine, tenant)
    try:
        upgrade(engine)
        upgrade(there, append_only=True)
        assert (False, True) == (protection(engine), protection(there))
        with EventStore(there, events=Deposited) as store:
            append(store, ADA, [Deposited(1)])
            assert [Deposited(1)] == history(store, ADA)
    finally:
        with engine.begin() as connection:
            cascade = " CASCADE" if engine.dialect.name == "postgresql" else ""
            connection.execute(text(f"DROP SCHEMA {quoted}{cascade}"))


def test_an_unknown_database_has_no_triggers() -> None:
    """Nobody is told that they protect what they do not."""
    with pytest.raises(UnknownDatabase):
        statements("oracle")
