"""Events, outbox, the source of positions, and the row that says who the store is.

A revision is history: it never imports the library. It can be run again after a broken run,
because MariaDB and MySQL commit each statement.
"""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateSequence, DropSequence

revision = "sourcery_0001"
down_revision = None
branch_labels: tuple[str, ...] = ("sourcery",)
depends_on = None

MYSQL = ("mysql", "mariadb")
INNODB = {
    f"{name}_{option}": value
    for name in MYSQL
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"))
}

JSON_TEXT = (
    sa.Text()
    .with_variant(postgresql.JSON(), "postgresql")
    .with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), *MYSQL)
)
PAYLOAD = sa.LargeBinary().with_variant(mysql.LONGBLOB(), *MYSQL)
MOMENT = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), *MYSQL)
UUID = sa.String(36).with_variant(postgresql.UUID(), "postgresql")
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: The whole ordering rests on CACHE 1: with more, sessions keep numbers for later.
SEQUENCE = sa.Sequence(
    "sourcery_positions_seq", start=1, increment=1, minvalue=1, cache=1, cycle=False
)

#: SQL for a random id, the database's name and the server's id. The database computes them,
#: so that a script made by `--sql` gives each database its own.
IDENTITY = {
    "postgresql": (
        "cast(gen_random_uuid() as text)",
        "current_database()",
        "(select cast(system_identifier as text) from pg_control_system())",
    ),
    "mysql": ("uuid()", "database()", "null"),
    "mariadb": ("uuid()", "database()", "null"),
    "sqlite": (
        (
            "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' ||"
            " substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) ||"
            " substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
        ),
        # The end of the file's path: a copy elsewhere is another store.
        "(select substr(file, -200) from pragma_database_list where name = 'main')",
        "null",
    ),
}


def upgrade() -> None:
    """Create what is not there yet."""
    _create_events()
    _create_outbox()
    if op.get_context().dialect.name == "postgresql":
        op.execute(CreateSequence(SEQUENCE, if_not_exists=True))
    positions, store = _create_positions(), _create_store()
    # Rows last: on MariaDB and MySQL creating a table commits, and the store's row, which
    # says that all is there, must commit together with Alembic's own.
    _insert_if_missing(positions, id="1", last="0")
    _insert_if_missing(
        store, id="1", generation="1", revision="1", minimum_revision="1", **_identity()
    )


def downgrade() -> None:
    """Drop what is there."""
    for table in ("store", "positions", "outbox", "events"):
        op.drop_table(f"sourcery_{table}", if_exists=True)
    if op.get_context().dialect.name == "postgresql":
        op.execute(DropSequence(SEQUENCE, if_exists=True))


def _identifier(length: int) -> sa.types.TypeEngine[str]:
    """A name compared byte by byte and without padding, which MySQL does not do by itself."""
    dialect = op.get_context().dialect
    if dialect.name not in MYSQL:
        return sa.String(length)
    collation = "utf8mb4_nopad_bin" if _is_mariadb() else "utf8mb4_0900_bin"
    return mysql.VARCHAR(length, charset="utf8mb4", collation=collation)


def _is_mariadb() -> bool:
    return bool(getattr(op.get_context().dialect, "is_mariadb", False))


def _create_events() -> None:
    op.create_table(
        "sourcery_events",
        sa.Column("position", POSITION, primary_key=True, autoincrement=False),
        sa.Column("category", _identifier(100), nullable=False),
        sa.Column("stream_id", _identifier(255), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("event_id", UUID, nullable=False),
        sa.Column("kind", _identifier(150), nullable=False),
        sa.Column("schema_version", sa.Integer, nullable=False),
        sa.Column("bucket", sa.SmallInteger, nullable=False),
        sa.Column("data", JSON_TEXT, nullable=False),
        sa.Column("metadata", JSON_TEXT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.UniqueConstraint("category", "stream_id", "version", name="sourcery_events_stream_key"),
        if_not_exists=True,
        **INNODB,
    )
    _create_index("sourcery_events_kind_idx", "sourcery_events", ["kind", "position"])


def _create_index(name: str, table: str, columns: list[str]) -> None:
    """Create an index unless it is there; MySQL has no IF NOT EXISTS for that."""
    context = op.get_context()
    if context.dialect.name in MYSQL and not _is_mariadb():
        if not context.as_sql and _has_index(name, table):
            return
        op.create_index(name, table, columns)
    else:
        op.create_index(name, table, columns, if_not_exists=True)


def _has_index(name: str, table: str) -> bool:
    connection = op.get_bind()
    schemas = connection.get_execution_options().get("schema_translate_map") or {}
    indexes = sa.inspect(connection).get_indexes(table, schema=schemas.get(None))
    return any(index["name"] == name for index in indexes)


def _create_outbox() -> None:
    op.create_table(
        "sourcery_outbox",
        sa.Column("position", POSITION, primary_key=True, autoincrement=False),
        sa.Column("message_id", UUID, nullable=False),
        sa.Column("topic", _identifier(200), nullable=False),
        sa.Column("key", _identifier(255), nullable=True),
        sa.Column("bucket", sa.SmallInteger, nullable=False),
        sa.Column("headers", JSON_TEXT, nullable=False),
        sa.Column("payload", PAYLOAD, nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        if_not_exists=True,
        **INNODB,
    )


def _create_positions() -> sa.Table:
    return op.create_table(
        "sourcery_positions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        if_not_exists=True,
        **INNODB,
    )


def _create_store() -> sa.Table:
    return op.create_table(
        "sourcery_store",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("store_id", sa.String(36), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("minimum_revision", sa.Integer, nullable=False),
        sa.Column("database_name", sa.String(200), nullable=False),
        sa.Column("system_identifier", sa.String(64), nullable=True),
        sa.Column("environment", sa.String(100), nullable=True),
        if_not_exists=True,
        **INNODB,
    )


def _identity() -> dict[str, str]:
    """SQL for who this store is. An unknown database gets an id made here."""
    unknown = (f"'{uuid4()}'", "''", "null")
    store_id, database, system = IDENTITY.get(op.get_context().dialect.name, unknown)
    if not _may_ask_system():
        system = "null"
    return {"store_id": store_id, "database_name": database, "system_identifier": system}


def _may_ask_system() -> bool:
    """Hardened servers keep it from plain roles, and then a statement that could ask is refused."""
    context = op.get_context()
    if context.as_sql or context.dialect.name != "postgresql":
        return True
    may = "has_function_privilege('pg_control_system()', 'execute')"
    return bool(op.get_bind().execute(sa.select(sa.literal_column(may))).scalar_one())


def _insert_if_missing(table: sa.Table, **columns: str) -> None:
    """Insert the row 1, given as SQL, unless an earlier run did."""
    present = sa.select(table.c.id).where(table.c.id == sa.literal_column("1")).exists()
    # MySQL takes no WHERE without FROM.
    one = sa.select(sa.literal_column("1").label("one")).subquery("one")
    row: list[sa.ColumnElement[str]] = [
        sa.literal_column(sql).label(name) for name, sql in columns.items()
    ]
    op.execute(
        sa.insert(table).from_select(
            list(columns), sa.select(*row).select_from(one).where(~present)
        )
    )
