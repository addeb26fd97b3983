"""Bring a scratch database back to how it was: without tables, or as if just upgraded."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from sourcery import EventStore, schema

#: What ends all other connections to a scratch database; its own name is filled in.
_OTHERS: Final = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = :name AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist"
    " WHERE db = :name AND id <> connection_id()",
}
#: Of those of the schema we are in, but for the numbers they drew.
_SEQUENCES: Final = text(
    "SELECT sequencename, increment_by, cache_size, cycle, max_value FROM pg_sequences"
    " WHERE schemaname = current_schema()"
)


@contextmanager
def connected(url: URL, **options: Any) -> Generator[Connection]:
    """One connection and nothing left of it afterwards; commits at a good end."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect().execution_options(**options) as connection:
            yield connection
            connection.commit()
    finally:
        engine.dispose()


def execute_alone(url: URL, statement: str) -> None:
    """Run a statement that no transaction may be around."""
    with connected(url, isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)


def upgrade(url: URL) -> None:
    """Make our tables as users do."""
    with EventStore(url) as store:
        store.upgrade()


def adopt(connection: Connection) -> None:
    """Make it a store of its own: no two databases of a run share id and name."""
    name = str(connection.engine.url.database)[-200:]  # the end of a SQLite path, as our schema
    values = {"store_id": str(uuid4()), "database_name": name}
    connection.execute(schema.store.update().values(values))


def drop_all(url: URL) -> None:
    """Drop every table, whosever it is."""
    with connected(url) as connection:
        found = MetaData()
        found.reflect(connection)
        found.drop_all(connection)
        for sequence in _sequences(connection):
            connection.exec_driver_sql(f"DROP SEQUENCE {sequence}")


def end_others(url: URL) -> None:
    """End what a failed test left connected, where we know how."""
    product = "mysql" if url.get_backend_name() == "mariadb" else url.get_backend_name()
    if product not in _OTHERS:
        return
    with connected(url, isolation_level="AUTOCOMMIT") as connection:
        found = connection.execute(text(_OTHERS[product]), {"name": url.database}).scalars().all()
        for number in found if product == "mysql" else ():
            with suppress(DBAPIError):  # it has left by itself
                connection.exec_driver_sql(f"KILL {number}")


def tables_in(engine: Engine) -> list[str]:
    """Whatever is stored there: tables, views and sequences."""
    found = inspect(engine)
    names = [*found.get_table_names(), *found.get_view_names()]
    with engine.connect() as connection:
        return sorted([*names, *_sequences(connection)])


class Cleaner:
    """Remembers a database right after the upgrade, and brings it back to that."""

    def __init__(self, url: URL) -> None:
        self._url = url
        with connected(url) as connection:
            self._names = set(inspect(connection).get_table_names())
            self._shape = _shape(connection, self._names)
            self._rows = [
                (table, [dict(row) for row in connection.execute(select(table)).mappings()])
                for table in schema.tables.sorted_tables
            ]

    def clean(self) -> bool:
        """Empty our tables and drop others; False when one of ours is gone or altered."""
        with connected(self._url) as connection:
            names = set(inspect(connection).get_table_names())
            _drop(connection, names - self._names)
            if not names >= self._names or self._shape != _shape(connection, self._names):
                return False
            for table, rows in self._rows:
                connection.execute(table.delete())
                if rows:
                    connection.execute(table.insert(), rows)
            if schema.SEQUENCE in _sequences(connection):
                connection.exec_driver_sql(f"ALTER SEQUENCE {schema.SEQUENCE} RESTART")
            adopt(connection)
        return True


def _shape(connection: Connection, names: set[str]) -> list[str]:
    """All that a test may have altered: columns, indexes, and what a sequence is like."""
    found = inspect(connection)
    columns = found.get_multi_columns(filter_names=sorted(names))
    indexes = found.get_multi_indexes(filter_names=sorted(names))
    shape = [f"{key} {value}" for each in (columns, indexes) for key, value in each.items()]
    if connection.dialect.name == "postgresql":
        shape += map(str, connection.execute(_SEQUENCES).all())
    return sorted(shape)


def _drop(connection: Connection, names: set[str]) -> None:
    if names:
        found = MetaData()
        found.reflect(connection, only=list(names))
        found.drop_all(connection, tables=[found.tables[name] for name in names])


def _sequences(connection: Connection) -> list[str]:
    with suppress(NotImplementedError):
        return inspect(connection).get_sequence_names()
    return []
