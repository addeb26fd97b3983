"""A database that the first release filled: up, down, and broken half way."""

import pytest
from sqlalchemy import Engine, text

from sourcery import EventStore, Stream, UnitOfWork, identity, schema
from sourcery.errors import SchemaBehind, SchemaMissing
from sourcery.testing.conformance.migrations import (
    FIRST_TABLES,
    TABLES,
    VERSION_TABLE,
    broken_at,
    check,
    downgrade,
    tables,
    upgrade_to,
)
from sourcery.upgrade import upgrade, within_schema
from tests.databases import Database
from tests.domain import Opened
from tests.schema.first_release import CATEGORY, STREAM, contents, write

FIRST = "sourcery_0001"
ADA = Stream(CATEGORY, STREAM)


def revision(engine: Engine) -> int:
    """What the store's row says."""
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT revision FROM sourcery_store")).scalar_one())


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """The first revision's tables with two events and two messages."""
    upgrade_to(engine, FIRST)
    write(engine, 1)
    write(engine, 2)
    return engine


@pytest.mark.promise(44)
def test_upgrade_keeps_what_was_there(filled: Engine) -> None:
    """Every row of every table, and the tables are the declared ones."""
    before = contents(filled)

    upgrade(filled)

    check(filled)
    assert TABLES | {VERSION_TABLE} == tables(filled)
    assert before == contents(filled)


@pytest.mark.promise(44)
def test_the_store_goes_on_where_it_was(filled: Engine, empty_database: Database) -> None:
    """It is refused until `store.upgrade()`; then versions and positions go on."""
    with EventStore(empty_database.url, events=Opened) as store:
        with pytest.raises(SchemaBehind):
            store.settled()
        with pytest.raises(SchemaBehind):
            store.repair()
        store.upgrade()
        assert [(1, 1), (3, 2)] == [(r.position, r.version) for r in store.read(ADA)]
        with UnitOfWork(store) as uow:
            uow.append(ADA, [Opened("Bob")], expected=2)
        assert uow.token
        assert 5 == uow.token.last
    assert schema.REVISION == revision(filled)


@pytest.mark.promise(44)
def test_downgrade_keeps_what_was_there(filled: Engine, empty_database: Database) -> None:
    """Also what the new release wrote; only the new tables go, and come back empty."""
    upgrade(filled)
    with EventStore(empty_database.url) as store, UnitOfWork(store) as uow:
        uow.append(ADA, [Opened("Bob")], expected=2)
    before = contents(filled)

    downgrade(filled, FIRST)
    assert (FIRST_TABLES | {VERSION_TABLE}, 1) == (tables(filled), revision(filled))
    assert before == contents(filled)

    upgrade(filled)
    check(filled)
    assert before == contents(filled)


@pytest.mark.promise(44)
def test_the_first_release_goes_on_writing(filled: Engine, empty_database: Database) -> None:
    """Its statements name all columns they need; the new release reads the rows."""
    upgrade(filled)

    write(filled, 3)

    with EventStore(empty_database.url, events=Opened) as store:
        assert [(1, 1), (3, 2), (5, 3)] == [(r.position, r.version) for r in store.read()]


@pytest.mark.promise(44)
def test_the_first_release_is_let_in(
    filled: Engine, empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Revisions only add, so the oldest code that may start is still the first."""
    upgrade(filled)
    monkeypatch.setattr(schema, "REVISION", 1)

    with filled.connect() as connection:
        found = identity.read_identity(connection)
    identity.check_revision(found)

    assert (1, True) == (found.minimum_revision, found.revision > 1)


@pytest.mark.promise(44)
@pytest.mark.promise(49)
@pytest.mark.databases("mariadb")
def test_rule_41_one_table_is_there_already(filled: Engine) -> None:
    """The test of the test: MariaDB keeps the first table of an upgrade that then broke."""
    assert broken_at(filled, 2, upgrade)

    assert FIRST_TABLES | {VERSION_TABLE, "sourcery_consumers"} == tables(filled)


@pytest.mark.promise(44)
@pytest.mark.promise(49)
def test_rule_41_a_broken_downgrade_can_be_run_again(filled: Engine) -> None:
    """Meanwhile the new code is refused, or has all its tables."""
    before = contents(filled)
    upgrade(filled)
    number = 1
    while broken_at(filled, number, lambda engine: downgrade(engine, FIRST)):
        assert revision(filled) < schema.REVISION or tables(filled) >= TABLES
        downgrade(filled, FIRST)
        assert (FIRST_TABLES | {VERSION_TABLE}, before) == (tables(filled), contents(filled))
        upgrade(filled)
        number += 1
    assert number > 4


@pytest.mark.promise(44)
@pytest.mark.databases("postgresql")
def test_tenants_are_upgraded_one_by_one(filled: Engine) -> None:
    """Up and down again, a tenant leaves the tables of the others as they were."""
    with filled.begin() as connection:
        connection.execute(text("CREATE SCHEMA tenant"))
    tenant = within_schema(filled, "tenant")

    upgrade(tenant)
    assert (1, FIRST_TABLES | {VERSION_TABLE}) == (revision(filled), tables(filled))
    upgrade(filled)
    downgrade(tenant, FIRST)

    assert TABLES | {VERSION_TABLE} == tables(filled)
    assert schema.REVISION == revision(filled)
    assert FIRST_TABLES | {VERSION_TABLE} == tables(filled, "tenant")


def test_repair_of_an_empty_database_says_what_is_missing(empty_database: Database) -> None:
    """The upgrade comes first, as for every other use."""
    with EventStore(empty_database.url) as store, pytest.raises(SchemaMissing):
        store.repair()
