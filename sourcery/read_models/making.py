"""Making the tables of a version, and dropping them: one process at a time; both can be run again.

MariaDB and MySQL commit each statement that makes or drops a table. So tables are made before
the checkpoint, and the checkpoint goes before the tables: whatever breaks off leaves tables
without a checkpoint, which are made complete while they are empty, and dropped otherwise.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Table, exists, inspect, select

from sourcery.columns import compare_by_bytes
from sourcery.consumers import owners_of, rows_of
from sourcery.consumers.whole import try_lock
from sourcery.control.looking import LOCKED
from sourcery.control.reshaping import remove_unowned
from sourcery.dialects.statements import schema_of
from sourcery.errors import (
    ReadModelDamaged,
    ReadModelMismatch,
    ReadModelRefused,
    RequestRefused,
    UpgradeBlocked,
)
from sourcery.read_models.version import Version
from sourcery.serving import forget_previous, serving_version
from sourcery.upgrade import exclusively

_DROP: Final = "drop"
#: Seconds to wait for readers. Those that come after the drop wait behind it.
_PATIENCE: Final = 10.0


def prepare(version: Version) -> None:
    """Make the tables that are not there. Commits.

    Raises `ReadModelDamaged` when they hold rows without a checkpoint, or it is there without
    them, and `ReadModelMismatch` when they have other columns.
    """
    with version.store.database.reading() as connection:
        if _is_registered(connection, version):
            check(connection, version)
            return
    exclusively(version.store.engine, lambda connection: _make(connection, version))


def check(connection: Connection, version: Version) -> None:
    """Raise `ReadModelDamaged` or `ReadModelMismatch` when tables of a checkpoint are not there."""
    there = {table.name for table in _there(connection, version)}
    if missing := sorted({table.name for table in _declared(version)} - there):
        problem = f"it has no {', '.join(missing)} (one declared since needs a new version)"
        raise _damaged(version, problem)


def _make(connection: Connection, version: Version) -> None:
    """All tables anew, unless somebody else was first: a run that broke off may lack an index."""
    there = _there(connection, version)
    filled = [table.name for table in there if _has_rows(connection, table)]
    # last: whoever was first registers the consumer before it writes
    if _is_registered(connection, version):
        return
    if filled:
        raise _damaged(version, f"{filled[0]} holds rows, but the checkpoint is gone")
    if len(there) == len(version.tables) and not _lacks_index(connection, there):
        return
    metadata = version.tables.metadata
    metadata.drop_all(connection, checkfirst=True)
    compare_by_bytes(connection, metadata)
    metadata.create_all(connection, checkfirst=True)


def _is_registered(connection: Connection, version: Version) -> bool:
    return bool(rows_of(connection, version.store.database.dialect, version.consumer))


def _there(connection: Connection, version: Version) -> list[Table]:
    """The tables that are there. Raises `ReadModelMismatch` for other columns."""
    there = [table for table in _declared(version) if _is_there(connection, table)]
    for table in there:
        _check_columns(connection, version, table)
    return there


def _lacks_index(connection: Connection, tables: list[Table]) -> bool:
    """Where each statement commits by itself, a table can be there without its indexes."""
    inspector, preparer = inspect(connection), connection.dialect.identifier_preparer
    for table in tables:
        stored = inspector.get_indexes(table.name, schema=schema_of(connection))
        names = {index["name"] for index in stored}
        wanted = {preparer.format_index(index).strip('`"') for index in table.indexes}
        if wanted - names:
            return True
    return False


def _declared(version: Version) -> list[Table]:
    return [version.tables[name] for name in version.tables]


def _is_there(connection: Connection, table: Table) -> bool:
    return inspect(connection).has_table(table.name, schema=schema_of(connection))


def _has_rows(connection: Connection, table: Table) -> bool:
    return bool(connection.execute(select(exists(select(1).select_from(table)))).scalar())


def _check_columns(connection: Connection, version: Version, table: Table) -> None:
    found = inspect(connection).get_columns(table.name, schema=schema_of(connection))
    stored = sorted(column["name"] for column in found)
    given = sorted(column.name for column in table.columns)
    if stored != given:
        raise ReadModelMismatch(version.name, version.number, table.name, stored, given)


def _damaged(version: Version, problem: str) -> ReadModelDamaged:
    return ReadModelDamaged(version.name, version.number, problem)


def drop(version: Version) -> None:
    """Delete its consumer and its tables. Commits.

    Raises `ReadModelRefused` while it serves, and while a worker runs it or somebody reads it.
    """
    try:
        exclusively(version.store.engine, lambda connection: _drop(connection, version), _PATIENCE)
    except UpgradeBlocked as error:
        problem = f"other transactions use its tables for {_PATIENCE:g} seconds: end them first"
        raise ReadModelRefused(version.name, version.number, _DROP, problem) from error
    version.store.database.committed()


def _drop(connection: Connection, version: Version) -> None:
    serving = serving_version(connection, version.name)
    if serving is not None and serving.version == version.number and version.serves:
        raise _refused(version, "it serves: switch() to another version first")
    _forget(connection, version)
    if version.serves:
        forget_previous(connection, version.name, version.number)
    version.tables.metadata.drop_all(connection, checkfirst=True)


def _forget(connection: Connection, version: Version) -> None:
    locked = try_lock(connection, version.consumer)
    rows = owners_of(connection, version.store.database.dialect, version.consumer)
    if not rows:
        return
    if len(locked) < len(rows):
        raise _refused(version, LOCKED)
    try:
        remove_unowned(connection, rows)
    except RequestRefused as error:
        raise _refused(version, error.problem) from None


def _refused(version: Version, problem: str) -> ReadModelRefused:
    return ReadModelRefused(version.name, version.number, _DROP, problem)
