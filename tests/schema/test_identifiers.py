"""Names that a database may take for one another."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from sourcery import EventStore, schema
from sourcery.columns import Identifier
from sourcery.errors import DatabaseMisconfigured
from sourcery.upgrade import upgrade
from tests.databases import Database

ALIKE = ["Ada", "ada", "Ada ", "Áda"]


@pytest.mark.promise(49)
def test_rule_38_names_that_look_alike_are_different(engine: Engine) -> None:
    """Case, accents and trailing spaces make another stream, on every database."""
    upgrade(engine)
    rows = [
        {"position": number, "category": "person", "stream_id": name, "version": 1}
        for number, name in enumerate(ALIKE, start=1)
    ]
    rest = {
        "event_id": "019360b0-0000-7000-8000-000000000000",
        "kind": "person.named",
        "schema_version": 1,
        "bucket": 0,
        "recorded_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    insert = schema.events.insert().values(data="{}", metadata="{}")
    with engine.begin() as connection:
        connection.execute(insert, [{**row, **rest} for row in rows])

    query = schema.events.select().with_only_columns(schema.events.c.position)
    with engine.connect() as connection:
        for row in rows:
            found = connection.execute(query.where(schema.events.c.stream_id == row["stream_id"]))
            assert [(row["position"],)] == found.all()


@pytest.mark.promise(49)
@pytest.mark.databases("mariadb")
@pytest.mark.parametrize("other", ALIKE[1:])
def test_rule_38_by_default_they_are_one(engine: Engine, other: str) -> None:
    """The test of the test: a column without our collation takes them for one another."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE plain (id VARCHAR(255) PRIMARY KEY)"))
        connection.execute(text("INSERT INTO plain VALUES ('Ada')"))

    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("INSERT INTO plain VALUES (:other)"), {"other": other})


@pytest.mark.promise(49)
@pytest.mark.databases("mariadb")
def test_rule_38_every_name_column_compares_by_bytes(engine: Engine) -> None:
    """The collation is written for each column, whatever the database's default."""
    upgrade(engine)

    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = database() AND collation_name = 'utf8mb4_nopad_bin'"
            )
        ).all()
    declared = {
        (table.name, column.name)
        for table in schema.tables.sorted_tables
        for column in table.columns
        if isinstance(column.type, Identifier)
    }
    assert declared == set(map(tuple, found))


NAMES = [
    ("sourcery_events", "stream_id", 255),
    ("sourcery_outbox", "key", 255),
    ("sourcery_consumers", "name", 200),
    ("sourcery_dead_letters", "consumer", 200),
    ("sourcery_dead_letters", "key", 900),
]


@pytest.mark.promise(49)
@pytest.mark.databases("mariadb")
@pytest.mark.parametrize(("table", "column", "length"), NAMES)
def test_rule_38_a_changed_collation_is_refused(
    database: Database, table: str, column: str, length: int
) -> None:
    """At start, before two names that look alike become one."""
    with EventStore(database.url) as store:
        with store.engine.begin() as connection:
            connection.execute(
                text(
                    f"ALTER TABLE {table} MODIFY `{column}` VARCHAR({length})"
                    " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL"
                )
            )
        with pytest.raises(DatabaseMisconfigured, match=f"{table}.{column} compares by"):
            store.settled()


@pytest.mark.promise(49)
@pytest.mark.databases("mariadb")
def test_rule_38_other_columns_compare_as_they_like(database: Database) -> None:
    """A database's own collation is no reason to refuse what is no name."""
    with EventStore(database.url) as store:
        with store.engine.begin() as connection:
            connection.execute(
                text(
                    "ALTER TABLE sourcery_consumers MODIFY status VARCHAR(20)"
                    " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL"
                )
            )
        assert 0 == store.settled()
