"""The connection on which a thread reads again and again, while it has much to read."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import local

from sqlalchemy import Connection

from sourcery.engine import let_go


class Reader(local):
    """One connection for each thread that keeps one, lent to one block at a time.

    To take a connection from the pool and to give it back costs more than a short statement.
    """

    _keeps: bool = False
    _lent: bool = False
    _connection: Connection | None = None

    @contextmanager
    def kept(self) -> Generator[None]:
        """Inside, this thread keeps its connection from block to block, until it lets go of it."""
        self._keeps = True
        try:
            yield
        finally:
            self._keeps = False
            self.let_go()

    @contextmanager
    def reading(self, connect: Callable[[], Connection]) -> Generator[Connection]:
        """The kept connection, or one that is closed at the end of the block."""
        if not self._keeps or self._lent:
            connection = connect()
            try:
                yield connection
            finally:
                let_go(connection)
            return
        connection = self._usable() or connect()
        self._connection, self._lent = connection, True
        try:
            yield connection
            connection.rollback()  # what is read next must see what is committed by then
        except BaseException:
            self._lent = False
            self.let_go()
            raise
        self._lent = False

    def _usable(self) -> Connection | None:
        connection = self._connection
        if connection is not None and (connection.closed or connection.invalidated):
            self.let_go()
            return None
        return connection

    def let_go(self) -> None:
        """Give the connection back now; the next block of reading takes another."""
        if self._connection is not None and not self._lent:
            connection, self._connection = self._connection, None
            let_go(connection)
