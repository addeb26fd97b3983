"""The transaction of a unit of work: what it must be able to do, and one of its own.

`joining` has the other kind, a savepoint in a caller's transaction. Neither ever closes what
it did not open.
"""

from __future__ import annotations

from contextlib import suppress
from enum import Enum
from typing import Protocol

from sqlalchemy import Connection, Transaction
from sqlalchemy.exc import DBAPIError, ResourceClosedError
from sqlalchemy.orm import Session

from sourcery.database import Database
from sourcery.engine import let_go
from sourcery.errors import TransactionEnded
from sourcery.guarding import SWALLOWED, Guard, guarded
from sourcery.log import translated


class State(Enum):
    """Where in its life a unit of work is."""

    NEW = "not entered"
    OPEN = "open"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"


class UnitTransaction(Protocol):
    """What a unit of work needs of its transaction."""

    #: Whether commit is somebody else's.
    joined: bool

    @property
    def backend(self) -> int | None:
        """The server's number for the connection, once it is open."""
        ...

    def begin(self) -> None:
        """Open what must be open before the caller's first statement."""

    @property
    def connection(self) -> Connection:
        """The connection, inside the transaction."""
        ...

    @property
    def session(self) -> Session:
        """The one ORM session on that connection; made when first asked for."""
        ...

    def is_open(self) -> bool:
        """Whether anything was asked of the database yet."""
        ...

    def flush(self) -> None:
        """Write the session's pending rows. Raises `TransactionEnded` when it is over."""

    def commit(self) -> None:
        """Keep everything: COMMIT, or release the savepoint."""

    def rollback(self) -> None:
        """Undo everything since `begin`; the connection can be read from until `close`."""

    def close(self) -> None:
        """Let go of the connection and the session."""


class OwnTransaction:
    """A transaction on a connection of its own, opened when first needed."""

    joined = False

    def __init__(self, database: Database, kept: Connection | None = None) -> None:
        """`kept` is a connection for one transaction after the other; it stays open."""
        self._backend: int | None = None
        self._database = database
        self._kept = kept
        self._connection: Connection | None = None
        self._transaction: Transaction | None = None
        self._session: Session | None = None
        self._guard: Guard | None = None
        self._marked = False

    @property
    def backend(self) -> int | None:
        return self._backend

    def begin(self) -> None:
        pass

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            with translated(self._database.dialect):
                self._connection = self._kept or self._database.connect_to_write()
                self._transaction = self._connection.begin()
                self._database.dialect.begin(self._connection)
                self._backend = self._database.dialect.backend(self._connection)
        return self._connection

    @property
    def session(self) -> Session:
        if self._session is None:
            self._mark()
            # the session may not commit: the unit of work does, when its block ends
            self._guard = guarded(self.connection, self._database.dialect)
            self._guard.armed = True
            self._session = self._database.make_session(
                bind=self.connection, join_transaction_mode="rollback_only"
            )
        return self._session

    def _mark(self) -> None:
        """A deadlock undoes all of a transaction on some databases, and who catches the error
        goes on in the next one.
        """
        if not self._marked:
            self._database.dialect.mark(self.connection)
            self._marked = True

    def is_open(self) -> bool:
        return self._connection is not None

    def flush(self) -> None:
        if self._session is not None:
            flush_session(self._session, active=self._is_active())
        elif not self._is_active():
            raise TransactionEnded("the connection's transaction ended inside the unit of work")
        if self._marked:
            self._unmark()

    def _unmark(self) -> None:
        self._marked = False
        self._disarm()
        try:
            self._database.dialect.unmark(self.connection)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            raise TransactionEnded(SWALLOWED) from error

    def _is_active(self) -> bool:
        open_still = self._connection is None or not self._connection.closed
        return open_still and (self._transaction is None or self._transaction.is_active)

    def commit(self) -> None:
        if self._connection is None or self._transaction is None:
            return
        self._disarm()
        try:
            self._transaction.commit()
        except BaseException as error:
            # the database may still hold the transaction open, and the pool would hand it on
            if not self._was_refused(error):
                self._connection.invalidate()
            raise

    def _disarm(self) -> None:
        """What comes now is the unit's own."""
        if self._guard is not None:
            self._guard.armed = False

    def _was_refused(self, error: BaseException) -> bool:
        """Whether a kept connection is fit for the next one: only this COMMIT was refused."""
        kept, over = self._kept, self._transaction
        if kept is None or over is None or not isinstance(error, DBAPIError):
            return False
        with suppress(Exception):
            kept.connection.rollback()  # SQLAlchemy holds it for ended, SQLite does not
            over.close()
            return not error.connection_invalidated
        return False

    def rollback(self) -> None:
        self._disarm()
        if self._session is not None:
            self._session.close()
        if self._transaction is not None and self._transaction.is_active:
            self._transaction.rollback()

    def close(self) -> None:
        self._disarm()
        if self._session is not None:
            self._session.close()
        if self._kept is not None:
            with suppress(DBAPIError, ResourceClosedError):
                self._kept.rollback()  # ends what was begun by reading after the rollback
        elif self._connection is not None:
            let_go(self._connection)


def flush_session(session: Session, *, active: bool) -> None:
    """Write pending rows, unless the transaction ended behind the unit's back."""
    if not active:
        raise TransactionEnded("the session was committed or rolled back inside the unit of work")
    session.flush()
