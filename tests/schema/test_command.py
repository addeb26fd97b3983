"""`alembic` on the command line, with our own migrations."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, select, text

from sourcery import schema
from sourcery.testing.conformance.migrations import (
    FIRST_TABLES,
    HEAD,
    INI,
    TABLES,
    VERSION_TABLE,
    Alembic,
    check,
    run,
    tables,
)
from sourcery.upgrade import upgrade
from tests.databases import Database

ROOT = Path(__file__).parents[2]


@pytest.mark.promise(44)
def test_the_installed_migrations_upgrade_and_downgrade(alembic: Alembic, engine: Engine) -> None:
    """An ini file with `script_location = sourcery.migrations:.` is all it takes."""
    alembic("upgrade", "head")
    assert f"{HEAD} (head)" in alembic("current")
    assert "No new upgrade operations" in alembic("check")
    upgrade(engine)

    alembic("downgrade", "sourcery_0001")
    assert FIRST_TABLES | {VERSION_TABLE} == tables(engine)
    alembic("downgrade", "base")
    assert {VERSION_TABLE} == tables(engine)


@pytest.mark.promise(44)
def test_the_checkout_needs_no_ini_file(empty_database: Database, engine: Engine) -> None:
    """pyproject.toml tells where the migrations are."""
    Alembic(ROOT, empty_database.url)("upgrade", "head")

    check(engine)


@pytest.mark.promise(44)
def test_the_url_may_come_from_the_ini_file(tmp_path: Path) -> None:
    """A user who has an ini file writes the URL there."""
    (tmp_path / "alembic.ini").write_text(INI + "sqlalchemy.url = sqlite:///here.db\n")

    run(tmp_path, "upgrade", "head")

    assert (tmp_path / "here.db").exists()


@pytest.mark.promise(44)
def test_the_url_may_come_from_the_environment(tmp_path: Path) -> None:
    """A URL with a password belongs neither in a file nor on a command line."""
    (tmp_path / "alembic.ini").write_text(INI)

    run(tmp_path, "upgrade", "head", SOURCERY_DATABASE_URL="sqlite:///here.db")

    assert (tmp_path / "here.db").exists()


def test_without_a_url_it_says_how_to_name_one(tmp_path: Path) -> None:
    """The message names all three ways."""
    (tmp_path / "alembic.ini").write_text(INI)

    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "SOURCERY_DATABASE_URL"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 != done.returncode
    for way in ("-x url=", "sqlalchemy.url", "SOURCERY_DATABASE_URL"):
        assert way in done.stdout + done.stderr


def execute_script(engine: Engine, script: str) -> None:
    """Run a script as `psql`, `mariadb` or `sqlite3` does."""
    driver = engine.raw_connection()
    try:
        cursor = driver.cursor()
        for statement in script.split(";\n"):
            lines = [line for line in statement.splitlines() if not line.startswith("--")]
            if any(line.strip() for line in lines):
                cursor.execute("\n".join(lines))
        driver.commit()
    finally:
        driver.close()


@pytest.mark.promise(44)
def test_an_offline_script_makes_the_same_tables(alembic: Alembic, engine: Engine) -> None:
    """`--sql` writes what a database administrator runs by hand."""
    script = alembic("upgrade", "head", "--sql")

    execute_script(engine, script)

    check(engine)
    upgrade(engine)
    with engine.connect() as connection:
        assert [(1, 0)] == connection.execute(select(schema.positions)).all()
        assert 36 == len(connection.execute(select(schema.store.c.store_id)).scalar_one())


@pytest.mark.promise(44)
@pytest.mark.databases("postgresql")
def test_a_tenant_has_a_schema_of_its_own(alembic: Alembic, engine: Engine) -> None:
    """Tables, sequence and version table: nothing is shared with another tenant."""
    with engine.begin() as connection:
        connection.execute(text('CREATE SCHEMA "Tenant 1"'))
        connection.execute(text("CREATE SCHEMA tenant2"))

    upgrade(engine, schema="Tenant 1")
    alembic("-x", "schema=tenant2", "upgrade", "head")
    upgrade(engine, schema="tenant2")

    assert set() == tables(engine)
    for tenant in ("Tenant 1", "tenant2"):
        assert TABLES | {VERSION_TABLE} == tables(engine, tenant)
        with engine.connect() as connection:
            assert [schema.SEQUENCE] == inspect(connection).get_sequence_names(tenant)


@pytest.mark.promise(44)
@pytest.mark.databases("postgresql")
def test_an_offline_script_for_a_tenant(alembic: Alembic, engine: Engine) -> None:
    """`-x schema=` works with `--sql` too."""
    with engine.begin() as connection:
        connection.execute(text('CREATE SCHEMA "Tenant 1"'))

    execute_script(engine, alembic("-x", "schema=Tenant 1", "upgrade", "head", "--sql"))

    assert set() == tables(engine)
    assert TABLES | {VERSION_TABLE} == tables(engine, "Tenant 1")
