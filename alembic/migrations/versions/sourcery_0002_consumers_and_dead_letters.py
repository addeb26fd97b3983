"""Consumers and their dead letters.

A revision is history: it never imports the library. It can be run again after a broken run,
because MariaDB and MySQL commit each statement. It only adds, so that the previous release's
code keeps working. It ends by setting `revision` in the row of `sourcery_store`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "sourcery_0002"
down_revision = "sourcery_0001"
branch_labels = None
depends_on = None

MYSQL = ("mysql", "mariadb")
INNODB = {
    f"{name}_{option}": value
    for name in MYSQL
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"))
}

LONG_TEXT = sa.Text().with_variant(
    mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), *MYSQL
)
MOMENT = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), *MYSQL)
UUID = sa.String(36).with_variant(postgresql.UUID(), "postgresql")


def upgrade() -> None:
    """Create what is not there yet."""
    _create_consumers()
    _create_dead_letters()
    _set_revision(2)


def downgrade() -> None:
    """Drop what is there. First the revision, so that code which needs the tables is refused."""
    _set_revision(1)
    op.drop_table("sourcery_dead_letters", if_exists=True)
    op.drop_table("sourcery_consumers", if_exists=True)


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
    mariadb = getattr(dialect, "is_mariadb", False)
    collation = "utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin"
    return mysql.VARCHAR(length, charset="utf8mb4", collation=collation)


def _create_consumers() -> None:
    consumers = op.create_table(
        "sourcery_consumers",
        sa.Column("name", _identifier(200), primary_key=True),
        sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("log", sa.String(10), nullable=False),
        sa.Column("shards", sa.Integer, nullable=False),
        sa.Column("filter", LONG_TEXT, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("owner", sa.String(200), nullable=True),
        sa.Column("backend", sa.String(100), nullable=True),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("wanted_by", sa.String(200), nullable=True),
        sa.Column("wanted_until", MOMENT, nullable=True),
        sa.Column("request", LONG_TEXT, nullable=True),
        sa.Column("request_number", sa.BigInteger, nullable=False),
        sa.Column("answer", LONG_TEXT, nullable=True),
        sa.Column("hold_at", sa.BigInteger, nullable=True),
        sa.Column("awaited", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", MOMENT, nullable=True),
        sa.Column("error", LONG_TEXT, nullable=True),
        sa.Column("rate", sa.Double, nullable=True),
        sa.Column("ticked_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=False),
        if_not_exists=True,
        **INNODB,
    )
    # A page updates its row; with room beside it, PostgreSQL does that in place. SQLAlchemy 2.0
    # has no option for it.
    if op.get_context().dialect.name == "postgresql":
        op.execute(sa.DDL("ALTER TABLE %(fullname)s SET (fillfactor = 50)").against(consumers))


def _create_dead_letters() -> None:
    op.create_table(
        "sourcery_dead_letters",
        sa.Column("consumer", _identifier(200), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("key", _identifier(900), nullable=False),
        sa.Column("bucket", sa.SmallInteger, nullable=False),
        sa.Column("source_id", UUID, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", MOMENT, nullable=True),
        sa.Column("error_class", sa.String(200), nullable=True),
        sa.Column("error", LONG_TEXT, nullable=True),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        if_not_exists=True,
        **INNODB,
    )
