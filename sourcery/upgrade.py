"""Bring the tables to the newest revision: one process at a time, as `alembic upgrade head`."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from io import StringIO
from threading import Lock
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

from sourcery import schema as declared
from sourcery.append_only import is_append_only, protect, unprotect
from sourcery.dialects import dialect_for
from sourcery.dialects.statements import schema_of
from sourcery.engine import connected, reaching_first
from sourcery.errors import DatabaseMisconfigured, PrivilegeMissing, UpgradeBlocked
from sourcery.identity import check_revision, read_identity

T = TypeVar("T")

#: Seconds until an upgrade that others hold up is given up.
PATIENCE: Final = 60.0
#: Seconds that one statement waits for a lock. Everybody else queues behind it meanwhile.
LOCK_TIMEOUT: Final = 5

#: "sour", "cery". Two numbers are another space of keys than the one of position floors.
_KEY: Final = {"high": 0x736F7572, "low": 0x63657279}
_PG_LOCK: Final = text("SELECT pg_advisory_xact_lock(:high, :low)")
_MYSQL_LOCK: Final = text("SELECT get_lock(concat('sourcery_', md5(database())), :seconds)")
#: lock_not_available
_PG_LOCK_TIMEOUT: Final = "55P03"

#: Alembic keeps the migration that runs in variables of its modules.
_alembic: Final = Lock()


class _Busy(Exception):
    """Another process is upgrading."""


def upgrade(engine: Engine, *, schema: str | None = None, append_only: bool | None = None) -> None:
    """Create our tables, or bring them to the newest revision; commits.

    `schema` is where they are, if not in the connection's default schema; it must exist.
    `append_only` says whether the database refuses to change events; None leaves that as it is.
    Does nothing, and waits for nobody, when they are new enough. Processes and threads may
    start it at once: one upgrades, the others wait. Raises `UpgradeBlocked` after waiting
    60 seconds for locks of others, and `DatabaseMisconfigured` when tables that are behind
    belong to an Alembic tree of yours, or `SchemaAhead` when they no longer support this code;
    `DatabaseUnavailable` when nobody answers, `LoginRefused` if somebody does.
    """
    engine = within_schema(engine, schema)
    with reaching_first(engine, dialect_for(engine.dialect.name)):
        _upgrade(engine, append_only=append_only)


def _upgrade(engine: Engine, *, append_only: bool | None) -> None:
    if not _patiently(engine, lambda: _is_current(engine)):
        exclusively(engine, _run_alembic)
    _check_result(engine)
    if append_only is not None and append_only != _patiently(engine, lambda: _protected(engine)):
        exclusively(engine, protect if append_only else unprotect)


def _protected(engine: Engine) -> bool:
    options = dialect_for(engine.dialect.name).read_options
    with engine.connect().execution_options(**options) as connection:
        return is_append_only(connection)


def _check_result(engine: Engine) -> None:
    """Raise `SchemaAhead` for tables this code cannot use; say so when nothing was mended."""
    options = dialect_for(engine.dialect.name).read_options
    with connected(engine, options) as connection:
        identity = read_identity(connection)
    if identity.revision < declared.REVISION:
        raise DatabaseMisconfigured(
            f"sourcery_store says revision {identity.revision}, though Alembic has run all of ours",
            "a downgrade broke off: run it again; or the row was changed by hand: set its revision "
            f"to {declared.REVISION}",
        )
    check_revision(identity)


def exclusively(
    engine: Engine, work: Callable[[Connection], None], patience: float | None = None
) -> None:
    """Run `work` in a transaction that only one process at a time can be in; commits.

    It runs again from the start when a lock held by others was not to be had, for so many
    seconds, or a minute: then `UpgradeBlocked`.
    """
    _patiently(engine, lambda: _once(engine, work), patience)


def within_schema(engine: Engine, schema: str | None) -> Engine:
    """An engine like this one whose tables are in the schema; None leaves it as it is."""
    if schema is None:
        return engine
    others: dict[str | None, str] = engine.get_execution_options().get("schema_translate_map", {})
    return engine.execution_options(schema_translate_map={**others, None: schema})


def _is_current(engine: Engine) -> bool:
    """Whether all this code needs is there, in whichever Alembic tree it was made."""
    options = dialect_for(engine.dialect.name).read_options
    with connected(engine, options) as connection:
        if not inspect(connection).has_table(declared.store.name, schema=schema_of(connection)):
            return False
        revision = connection.execute(select(declared.store.c.revision)).scalar()
        return revision is not None and revision >= declared.REVISION


def _once(engine: Engine, work: Callable[[Connection], None]) -> None:
    options = dialect_for(engine.dialect.name).write_options
    with connected(engine, options) as connection:
        if engine.dialect.name in ("mysql", "mariadb"):
            connection.detach()  # closing it, not returning it, ends its lock and settings
        with connection.begin():
            _lock(connection)
            work(connection)


def _lock(connection: Connection) -> None:
    """Shut other upgrades out until the transaction ends."""
    name = connection.dialect.name
    if name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}s'"))
        connection.execute(_PG_LOCK, _KEY)
    elif name in ("mysql", "mariadb"):
        connection.execute(text(f"SET SESSION lock_wait_timeout = {LOCK_TIMEOUT}"))
        if connection.execute(_MYSQL_LOCK, {"seconds": LOCK_TIMEOUT}).scalar() != 1:
            raise _Busy
    else:
        dialect_for(name).begin(connection)


def _patiently(engine: Engine, attempt: Callable[[], T], patience: float | None = None) -> T:
    seconds = PATIENCE if patience is None else patience
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except (DBAPIError, _Busy) as error:
            if not _is_busy(engine, error):
                if missing := _refused(engine, error):
                    raise missing from error
                raise
            if time.monotonic() >= deadline:
                raise UpgradeBlocked(seconds) from error
        time.sleep(random.uniform(0.05, 0.5))  # noqa: S311 - jitter is no secret


def _refused(engine: Engine, error: DBAPIError | _Busy) -> PrivilegeMissing | None:
    if isinstance(error, _Busy):
        return None
    return dialect_for(engine.dialect.name).missing_privilege(error)


def _is_busy(engine: Engine, error: DBAPIError | _Busy) -> bool:
    if isinstance(error, _Busy):
        return True
    if getattr(error.orig, "sqlstate", None) == _PG_LOCK_TIMEOUT:
        return True
    return dialect_for(engine.dialect.name).restarts(error)


def _run_alembic(connection: Connection) -> None:
    _refuse_tree_of_user(connection)
    from alembic import command
    from alembic.config import Config

    _check_alembic(connection)
    config = Config(stdout=StringIO())
    config.set_main_option("script_location", "sourcery.migrations:.")
    config.attributes["connection"] = connection
    with _alembic:
        # by name: a revision of a user's may have been written into our folder by mistake
        command.upgrade(config, f"sourcery_{declared.REVISION:04d}")


def _check_alembic(connection: Connection) -> None:
    """Databases that Alembic has never heard of need a class of their own there, too."""
    from alembic.ddl.impl import DefaultImpl

    try:
        DefaultImpl.get_by_dialect(connection.dialect)
    except KeyError:
        name = connection.dialect.name
        raise DatabaseMisconfigured(
            f"Alembic knows no database {name!r}",
            "beside its SQLAlchemy dialect define a subclass of alembic.ddl.impl.DefaultImpl "
            f"with __dialect__ = {name!r}",
        ) from None


def _refuse_tree_of_user(connection: Connection) -> None:
    """Two version tables would each believe that the next revision is theirs to run."""
    tables, schema = inspect(connection), schema_of(connection)
    ours = tables.has_table(declared.VERSION_TABLE, schema=schema)
    if tables.has_table(declared.store.name, schema=schema) and not ours:
        raise DatabaseMisconfigured(
            "an Alembic tree of yours made the sourcery tables, and they are behind this code",
            "run alembic upgrade heads in that tree",
        )
