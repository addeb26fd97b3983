"""Alembic's environment for our own tables.

The database comes from `-x url=...`, else the configuration's `sqlalchemy.url`, else the
environment variable SOURCERY_DATABASE_URL. `-x schema=...` chooses a schema of its own, as
for one tenant. A program that upgrades by itself gives its connection in
`config.attributes["connection"]`; then it also owns the transaction and the lock.
"""

from __future__ import annotations

import os
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import URL, Connection

from sourcery import schema
from sourcery.append_only import has_events, is_append_only, protect, unprotect
from sourcery.dialects.statements import schema_of
from sourcery.engine import normalise, open_engine
from sourcery.upgrade import exclusively, within_schema

given: dict[str, str] = context.get_x_argument(as_dictionary=True)


def database_url() -> URL:
    """Find the database, or say how to name it."""
    url = (
        given.get("url")
        or context.config.get_main_option("sqlalchemy.url")
        or os.environ.get("SOURCERY_DATABASE_URL")
    )
    if not url:
        raise CommandError(
            "no database is named: give -x url=..., set sqlalchemy.url in the configuration, "
            "or set SOURCERY_DATABASE_URL"
        )
    return normalise(url)


def is_ours(name: str | None, kind: str, _: Any) -> bool:
    """Compare our tables only: the database may well hold others."""
    return kind != "table" or (name or "").startswith(schema.PREFIX)


#: Our plug-in spares tables of ours that a user's metadata lacks. Here they are drift.
OPTIONS: dict[str, Any] = {
    "target_metadata": schema.tables,
    "version_table": schema.VERSION_TABLE,
    "include_name": is_ours,
    "autogenerate_plugins": ["alembic.autogenerate.*", "~alembic.autogenerate.sourcery"],
}


def migrate(connection: Connection) -> None:
    """Run the command on a connection whose transaction somebody else ends.

    Events that were append-only before are so afterwards, whatever became of their table. Triggers
    that are still there stay: MariaDB commits each statement, and whoever died between two would
    leave events that can be changed.
    """
    append_only = is_append_only(connection)
    context.configure(connection=connection, version_table_schema=schema_of(connection), **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()
        if append_only and not has_events(connection):
            unprotect(connection)
        elif append_only and not is_append_only(connection):
            protect(connection)


def write_script() -> None:
    """Write SQL instead of running it."""
    url, tenant = database_url(), given.get("schema")
    backend = url.get_backend_name()
    if tenant and backend != "postgresql":
        raise CommandError("-x schema=... with --sql works on PostgreSQL only")
    context.configure(
        url=url,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        # Alembic is careful with old drivers of SQLite; the database itself can.
        transactional_ddl=True if backend == "sqlite" else None,
        **OPTIONS,
    )
    with context.begin_transaction():
        if tenant:
            quoted = context.get_context().dialect.identifier_preparer.quote(tenant)
            context.execute(f"SET LOCAL search_path TO {quoted}")
        context.run_migrations()


def run() -> None:
    """Do what the command asks for, in the way it asks for."""
    connection = context.config.attributes.get("connection")
    if context.is_offline_mode():
        write_script()
    elif connection is not None:
        migrate(connection)
    else:
        opened = open_engine(database_url())
        exclusively(within_schema(opened.engine, given.get("schema")), migrate)
        opened.close()


run()
