"""A unit of work inside a caller's transaction.

It runs in a savepoint from its first line to its last, so that all of it can be undone
(after a conflict, or when it turns out to repeat an append) while the caller's transaction
stays usable.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Connection, Transaction
from sqlalchemy.exc import DBAPIError, UnboundExecutionError
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

from sourcery.database import Database
from sourcery.dialects.statements import schema_of
from sourcery.errors import (
    AutocommitRefused,
    InvalidArgument,
    SchemaMissing,
    TransactionEnded,
    WrongDatabase,
)
from sourcery.identity import read_identity
from sourcery.log import translated
from sourcery.transactions import flush_session

Joinable = Session | scoped_session[Any] | Connection


class JoinedTransaction:
    """A savepoint in the transaction of a caller's session or connection."""

    joined = True

    def __init__(self, database: Database, owner: Joinable) -> None:
        self._database = database
        self._owner = _unscoped(owner)
        self._savepoint: SessionTransaction | Transaction | None = None
        #: The same savepoint below a session, which does not see its connection commit.
        self._nested: Transaction | None = None
        self._own_session: Session | None = None

    @property
    def backend(self) -> int | None:
        return None

    def begin(self) -> None:
        self._database.refuse_closed()
        connection = self.connection
        if not connection.in_transaction():
            connection.begin()
        _check_same_family(self._database, connection)
        _refuse_autocommit(self._database, connection)
        _check_same_store(self._database, connection)
        with translated(self._database.dialect):
            self._database.dialect.begin(connection)
        self._savepoint = self._owner.begin_nested()
        self._nested = self.connection.get_nested_transaction()

    @property
    def connection(self) -> Connection:
        if isinstance(self._owner, Connection):
            return self._owner
        try:
            return self._owner.connection()
        except UnboundExecutionError:
            raise WrongDatabase("the session is not bound to a database") from None

    @property
    def session(self) -> Session:
        if isinstance(self._owner, Session):
            return self._owner
        if self._own_session is None:
            self._own_session = self._database.make_session(
                bind=self._owner, join_transaction_mode="rollback_only"
            )
        return self._own_session

    def is_open(self) -> bool:
        return True

    def flush(self) -> None:
        active = self._is_active()
        if isinstance(self._owner, Session) or self._own_session is not None:
            flush_session(self.session, active=active)
        elif not active:
            raise TransactionEnded("the connection's transaction ended inside the unit of work")

    def _is_active(self) -> bool:
        levels = (self._savepoint, self._nested)
        return all(level is not None and level.is_active for level in levels)

    def commit(self) -> None:
        if self._savepoint is not None:
            self._savepoint.commit()

    def rollback(self) -> None:
        if self._own_session is not None:
            self._own_session.close()
        if self._savepoint is None:
            return
        if self._is_active():
            self._savepoint.rollback()
        elif isinstance(self._savepoint, SessionTransaction):
            self._forget(self._savepoint)

    def _forget(self, savepoint: SessionTransaction) -> None:
        """After a failed flush the savepoint is undone, but the session waits to be told."""
        if isinstance(self._owner, Session) and self._owner.get_nested_transaction() is savepoint:
            savepoint.close()

    def close(self) -> None:
        if self._own_session is not None:
            self._own_session.close()


def _is_scoped(owner: object) -> bool:
    return isinstance(owner, scoped_session)


def _unscoped(owner: object) -> Session | Connection:
    inner: object = cast(scoped_session[Any], owner)() if _is_scoped(owner) else owner
    if isinstance(inner, Session | Connection):
        return inner
    problem = f"takes a Session, scoped_session or Connection, not {type(owner).__name__}"
    raise InvalidArgument("session", problem)


def _check_same_family(database: Database, connection: Connection) -> None:
    if connection.dialect.name != database.engine.dialect.name:
        raise WrongDatabase(f"it leads to {connection.dialect.name}, the store elsewhere")


def _refuse_autocommit(database: Database, connection: Connection) -> None:
    """Ask before anything begins a transaction by hand, which would hide it."""
    level = connection.get_execution_options().get("isolation_level")
    if level == "AUTOCOMMIT" or database.dialect.is_autocommit(connection):
        raise AutocommitRefused("the connection commits each statement by itself")


def _check_same_store(database: Database, connection: Connection) -> None:
    """The same pool and schema are the same store; any other is asked for its store row."""
    same_schema = schema_of(connection) == schema_of(database.engine)
    if same_schema and connection.engine.pool is database.engine.pool:
        return
    try:
        with connection.begin_nested():
            found = read_identity(connection).store_id
    except (SchemaMissing, DBAPIError):
        raise WrongDatabase("it leads to a database without this store's tables") from None
    if found != database.identity.store_id:
        raise WrongDatabase("it leads to another store's database")
