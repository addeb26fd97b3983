"""Engines: made from a URL with the right settings, or taken from the caller."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from weakref import finalize

from attrs import define, field
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from sourcery.dialects import Dialect, dialect_for
from sourcery.dialects.place import address
from sourcery.errors import DatabaseUnavailable, ExtraMissing, InvalidArgument, LoginRefused

SessionMaker = Callable[..., Session]

#: The driver meant by a URL that names only the database.
_DRIVERS: Final = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
#: What brings the drivers that are tested.
_EXTRAS: Final = {
    "postgresql+psycopg": "postgresql",
    "mysql+pymysql": "mysql",
    "mariadb+pymysql": "mysql",
}


def normalise(url: str | URL) -> URL:
    """Parse a database URL; a URL without a driver gets the one that is tested.

    Raises `InvalidArgument` for what is none, without any part of it in the text.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # whose text is what stood where the port belongs
        problem = "is not a database URL like sqlite:///file.db or postgresql://user@host/name"
        raise InvalidArgument("database", problem) from None
    if "@" in (parsed.host or ""):  # what stands before it is a part of the password
        raise InvalidArgument("database", "has an @ in its host: write that of a password as %40")
    return parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))


@define(eq=False)
class OpenedEngine:
    """An engine, who made it, and how sessions on its connections are made."""

    engine: Engine
    dialect: Dialect
    make_session: SessionMaker
    #: Execution options that every connection of the engine has from the start.
    standing: Mapping[str, Any] = {}
    #: Ends what the store itself opened; does nothing to a caller's engine.
    close: Callable[[], Any] = field(default=lambda: None)

    def connect(self, options: Mapping[str, Any]) -> Connection:
        """A connection with these execution options."""
        return connect(self.engine, self._lacking(options))

    def _lacking(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options that the connection has not had from the start."""
        standing = self.standing
        return {k: v for k, v in options.items() if k not in standing or standing[k] != v}


def connect(engine: Engine, options: Mapping[str, Any]) -> Connection:
    """A connection with these execution options.

    Some drivers ask the server to set one, and then a pooled connection may turn out to
    be dead: that is an OperationalError with `connection_invalidated`, as anywhere else.
    """
    connection = engine.connect()
    try:
        return connection.execution_options(**options)
    except engine.dialect.loaded_dbapi.Error as error:
        connection.invalidate(error)
        connection.close()
        what = "setting the isolation level"
        raise OperationalError(what, None, error, connection_invalidated=True) from error


@contextmanager
def reaching_first(engine: Engine, dialect: Dialect) -> Generator[None]:
    """Around the first use of a database: what connecting fails with, in words for its owner.

    A connection that is lost inside comes out as it is, as it does at any later use.
    """
    try:
        yield
    except (InterfaceError, OperationalError) as error:
        of_connecting = error.statement is None and not error.connection_invalidated
        if not of_connecting or isinstance(error, DatabaseUnavailable):
            raise
        kind = LoginRefused if dialect.refuses_login(error) else DatabaseUnavailable
        first = next(iter(str(error.orig).strip().splitlines()), "")
        told = kind(address(engine), first)
        if remedy := dialect.out_of_reach(error):
            told.remedy = remedy
        told.orig = error.orig
        raise told from error


@contextmanager
def connected(engine: Engine, options: Mapping[str, Any]) -> Generator[Connection]:
    """The same, closed at the end of the block."""
    connection = connect(engine, options)
    try:
        yield connection
    finally:
        let_go(connection)


def let_go(connection: Connection) -> None:
    """Close it, also when it is lost on its way back to the pool.

    SQLAlchemy takes back options that were set for us, lets the driver's error of that out, and
    leaves the place in the pool taken.
    """
    if connection.closed or connection.invalidated:
        connection.close()
        return
    record: Any = getattr(connection.connection, "_connection_record", None)
    try:
        connection.close()
    except connection.dialect.loaded_dbapi.Error as error:
        if record is not None:
            record.invalidate(error)
            pool: Any = connection.engine.pool
            pool._do_return_conn(record)


def open_engine(database: str | URL | Engine | sessionmaker[Any]) -> OpenedEngine:
    """Open what the caller gave the store.

    Raises `UnknownDatabase` for a database without a dialect and `ConfigurationError` for
    an engine that cannot work.
    """
    if isinstance(database, sessionmaker):
        return _adopted(_bound_engine(database), database)
    if isinstance(database, Engine):
        return _adopted(database, Session)
    return _made(normalise(database))


def _bound_engine(maker: sessionmaker[Any]) -> Engine:
    bind = maker.kw.get("bind")
    if not isinstance(bind, Engine):
        raise InvalidArgument("database", "the sessionmaker must be bound to an Engine")
    return bind


def _adopted(engine: Engine, make_session: SessionMaker) -> OpenedEngine:
    dialect = dialect_for(engine.dialect.name)
    dialect.accept(engine)
    return OpenedEngine(engine, dialect, make_session)


def _made(url: URL) -> OpenedEngine:
    dialect = dialect_for(url.get_backend_name())
    folder = None
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        folder = tempfile.mkdtemp(prefix="sourcery-")
        url = url.set(database=str(Path(folder) / "store.db"))
    engine = _created(url, dialect.engine_options)
    dialect.configure(engine)
    dialect.accept(engine)
    standing = {k: v for k, v in dialect.engine_options.items() if k == "isolation_level"}
    opened = OpenedEngine(engine, dialect, Session, standing)
    opened.close = finalize(opened, _dispose, engine, folder)
    return opened


def _created(url: URL, options: Mapping[str, Any]) -> Engine:
    try:
        return create_engine(url, **options)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        if extra := _EXTRAS.get(url.drivername):
            raise ExtraMissing(url.get_backend_name(), extra) from error
        problem = f"needs the driver {url.drivername!a}, which is not there: {error}; install it"
        raise InvalidArgument("database", problem) from error


def _close(_connection: object, record: ConnectionPoolEntry) -> None:
    """What was in use when its engine was disposed of comes back to a pool that nobody empties."""
    record.invalidate()


def _dispose(engine: Engine, folder: str | None) -> None:
    event.listen(engine.pool, "checkin", _close)
    engine.dispose()
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
