"""Snapshots, versions of read models, the inbox, indexes of the outbox, and an end of holds.

A revision is history: it never imports the library. It can be run again after a broken run,
because MariaDB and MySQL commit each statement. It only adds, so that the previous release's
code keeps working. It ends by setting `revision` in the row of `sourcery_store`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "sourcery_0003"
down_revision = "sourcery_0002"
branch_labels = None
depends_on = None

MYSQL = ("mysql", "mariadb")
INNODB = {
    f"{name}_{option}": value
    for name in MYSQL
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"))
}

PAYLOAD = sa.LargeBinary().with_variant(mysql.LONGBLOB(), *MYSQL)
MOMENT = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), *MYSQL)
UUID = sa.String(36).with_variant(postgresql.UUID(), "postgresql")

#: Name, table, columns.
INDEXES = (
    ("sourcery_outbox_topic_idx", "sourcery_outbox", ["topic", "position"]),
    ("sourcery_outbox_message_idx", "sourcery_outbox", ["message_id"]),
    ("sourcery_inbox_received_idx", "sourcery_inbox", ["received_at"]),
)


def upgrade() -> None:
    """Create what is not there yet."""
    _create_snapshots()
    _create_read_models()
    _create_inbox()
    for index in INDEXES:
        _create_index(*index)
    _add_column("sourcery_consumers", sa.Column("hold_until", MOMENT, nullable=True))
    _set_revision(3)


def downgrade() -> None:
    """Drop what is there. First the revision, so that code which needs the tables is refused."""
    _set_revision(2)
    for name, table, _ in INDEXES[:2]:
        _drop_index(name, table)
    for table in ("inbox", "read_models", "snapshots"):
        op.drop_table(f"sourcery_{table}", if_exists=True)
    if op.get_context().as_sql or _has_column("sourcery_consumers", "hold_until"):
        op.drop_column("sourcery_consumers", "hold_until", schema=_schema())


def _set_revision(number: int) -> None:
    # A Table, because `sa.table` stays out of the schema of a tenant.
    columns = sa.Column("id", sa.Integer), sa.Column("revision", sa.Integer)
    store = sa.Table("sourcery_store", sa.MetaData(), *columns)
    one, value = sa.literal_column("1"), sa.literal_column(str(number))
    op.execute(sa.update(store).where(store.c.id == one).values(revision=value))


def _identifier(length: int) -> sa.types.TypeEngine[str]:
    """A name compared byte by byte and without padding, which MySQL does not do by itself."""
    dialect = op.get_context().dialect
    if dialect.name not in MYSQL:
        return sa.String(length)
    collation = "utf8mb4_nopad_bin" if _is_mariadb() else "utf8mb4_0900_bin"
    return mysql.VARCHAR(length, charset="utf8mb4", collation=collation)


def _is_mariadb() -> bool:
    return bool(getattr(op.get_context().dialect, "is_mariadb", False))


def _is_mysql() -> bool:
    """MySQL has no IF EXISTS for indexes."""
    return op.get_context().dialect.name in MYSQL and not _is_mariadb()


def _create_index(name: str, table: str, columns: list[str]) -> None:
    if not _is_mysql():
        op.create_index(name, table, columns, if_not_exists=True)
    elif op.get_context().as_sql or not _has_index(name, table):
        op.create_index(name, table, columns)


def _drop_index(name: str, table: str) -> None:
    if not _is_mysql():
        op.drop_index(name, table, if_exists=True)
    elif op.get_context().as_sql or _has_index(name, table):
        op.drop_index(name, table)


def _add_column(table: str, column: sa.Column[object]) -> None:
    """Not every database knows IF NOT EXISTS here."""
    if op.get_context().as_sql or not _has_column(table, column.name):
        op.add_column(table, column, schema=_schema())


def _has_index(name: str, table: str) -> bool:
    indexes = sa.inspect(op.get_bind()).get_indexes(table, schema=_schema())
    return any(index["name"] == name for index in indexes)


def _has_column(table: str, name: str) -> bool:
    columns = sa.inspect(op.get_bind()).get_columns(table, schema=_schema())
    return any(column["name"] == name for column in columns)


def _schema() -> str | None:
    """Where a tenant has its tables: ALTER TABLE and inspection have to be told."""
    if op.get_context().as_sql:
        return None
    options = op.get_bind().get_execution_options()
    return (options.get("schema_translate_map") or {}).get(None)


def _create_snapshots() -> None:
    op.create_table(
        "sourcery_snapshots",
        sa.Column("owner_kind", _identifier(120), primary_key=True),
        sa.Column("owner_id", _identifier(255), primary_key=True),
        sa.Column("schema_tag", _identifier(80), primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("last_event_id", UUID, nullable=False),
        sa.Column("codec", sa.String(20), nullable=False),
        sa.Column("state", PAYLOAD, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        if_not_exists=True,
        **INNODB,
    )


def _create_read_models() -> None:
    op.create_table(
        "sourcery_read_models",
        sa.Column("name", _identifier(200), primary_key=True),
        sa.Column("serving", sa.Integer, nullable=False),
        sa.Column("previous", sa.Integer, nullable=True),
        sa.Column("switched_at", MOMENT, nullable=False),
        if_not_exists=True,
        **INNODB,
    )


def _create_inbox() -> None:
    op.create_table(
        "sourcery_inbox",
        sa.Column("consumer", _identifier(200), primary_key=True),
        sa.Column("message_id", _identifier(255), primary_key=True),
        sa.Column("received_at", MOMENT, nullable=False),
        if_not_exists=True,
        **INNODB,
    )
