"""The one connection on which a worker writes its pages."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sourcery.database import Database
from sourcery.dialects import Dialect
from sourcery.engine import let_go
from sourcery.errors import RetryTransaction, StandbyRefused
from sourcery.log import is_lost


class Unreachable(Exception):
    """The database cannot be reached, or the connection was lost: forget, and connect anew."""

    @property
    def reason(self) -> BaseException:
        """What the driver said."""
        return self.__cause__ or self


@contextmanager
def reaching() -> Generator[None]:
    """Around statements of ours: what the server, not the statement, is to blame for."""
    try:
        yield
    except DBAPIError as error:
        if not is_lost(error):
            raise
        raise Unreachable(type(error.orig).__name__) from error
    except StandbyRefused as error:  # in the middle of a failover
        raise Unreachable(str(error)) from error
    except PoolTimeout as error:
        text = "the engine's pool had no connection free in time, and a running consumer needs 3"
        raise Unreachable(text) from error


class Link:
    """A connection that stays open from page to page.

    Whoever takes over from a frozen worker ends it by its mark, so that what the worker had
    in hand is undone and its locks are free. Nobody has the mark of another one: there, with
    `singly`, each statement commits by itself.
    """

    def __init__(self, database: Database, *, singly: bool = False) -> None:
        self._database = database
        self._singly = singly
        self._connection: Connection | None = None
        #: The server's name for the connection.
        self.mark: str | None = None
        #: That of one which was lost. The server need not know, and keeps what it holds locked.
        self._lost: str | None = None

    @property
    def dialect(self) -> Dialect:
        """The dialect of the database."""
        return self._database.dialect

    @property
    def connection(self) -> Connection:
        """The connection, opened when needed; outside any transaction.

        Raises `Unreachable` when it was lost, though what it did last may have happened: it
        must not open itself anew behind its mark.
        """
        if self.is_lost:
            raise Unreachable("the connection was lost")
        if self._connection is None:
            self._connection, self.mark = self._open()
        return self._connection

    def open(self) -> str | None:
        """Open the connection when needed; its mark. Raises as `transaction` does."""
        with self.transaction():
            return self.mark

    def _open(self) -> tuple[Connection, str | None]:
        dialect = self._database.dialect
        database = self._database
        connection = database.connect_singly() if self._singly else database.connect_to_write()
        try:
            with connection.begin():
                dialect.begin(connection)
                if self._lost is not None:
                    dialect.end_marked(connection, self._lost)
                    self._lost = None
                return connection, dialect.backend_mark(connection)
        except BaseException:
            let_go(connection)
            raise

    @property
    def is_lost(self) -> bool:
        """Whether the connection was found dead, or closed by a handler."""
        connection = self._connection
        return connection is not None and (connection.closed or connection.invalidated)

    @contextmanager
    def transaction(self) -> Generator[Connection]:
        """A transaction of its own; commits, or rolls back on any exception.

        Raises `RetryTransaction` when the database asks for another run, `PrivilegeMissing` for
        what this user may not do.
        """
        with self._translated(), self.connection.begin():
            self.dialect.begin(self.connection)
            yield self.connection

    @contextmanager
    def statement(self) -> Generator[Connection]:
        """The same, for one statement that is right or wrong by itself."""
        with self._translated():
            connection = self.connection
            with self.dialect.single_statement(connection), connection.begin():
                self.dialect.begin(connection)
                yield connection

    @contextmanager
    def _translated(self) -> Generator[None]:
        with reaching():
            try:
                yield
            except DBAPIError as error:
                if self.dialect.restarts(error):
                    raise RetryTransaction(type(error.orig).__name__) from error
                if missing := self.dialect.missing_privilege(error):
                    raise missing from error
                raise

    def close(self) -> None:
        """Let go of the connection, whatever state it is in. The next use opens another.

        That ends what the server may still have of one which was lost.
        """
        if self.is_lost:
            self._lost = self.mark
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError):
                let_go(connection)


@contextmanager
def singly(database: Database) -> Generator[Connection]:
    """For a moment, a connection whose statements commit one by one."""
    link = Link(database, singly=True)
    try:
        with link.transaction() as connection:
            yield connection
    finally:
        link.close()
