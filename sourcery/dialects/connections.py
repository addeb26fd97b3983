"""Connections as a dialect wants them: options, transactions, backends, locks.

What is here is right for any database; a dialect overrides what its own does otherwise.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from sqlalchemy import Connection, Engine

from sourcery.dialects.place import Place

#: Milliseconds that a statement waits for a lock where nothing depends on it.
BRIEF_LOCK_MS: Final = 1000
_MARK: Final = "sourcery_mark"


class Connections:
    """How connections are opened, marked and ended."""

    #: Execution options for a connection that writes, and for one that only reads.
    #: SQLAlchemy sets READ COMMITTED itself, whatever the engine's or role's default.
    write_options: ClassVar[Mapping[str, Any]] = {"isolation_level": "READ COMMITTED"}
    read_options: ClassVar[Mapping[str, Any]] = {"isolation_level": "READ COMMITTED"}
    #: For one that only reads, and whose statements all see the database at one moment.
    snapshot_options: ClassVar[Mapping[str, Any]] = {"isolation_level": "REPEATABLE READ"}
    #: For one whose statements commit one by one: whoever is frozen then leaves no lock behind.
    single_options: ClassVar[Mapping[str, Any]] = {"isolation_level": "AUTOCOMMIT"}

    #: Arguments for `create_engine` when the store makes the engine itself.
    engine_options: ClassVar[Mapping[str, Any]] = {}

    def configure(self, engine: Engine) -> None:
        """Set up an engine that the store made from a URL."""

    def accept(self, engine: Engine) -> None:
        """Refuse a caller's engine that cannot work; raises `ConfigurationError`."""

    def begin(self, connection: Connection) -> None:
        """Make sure that a caller's connection really is inside a transaction."""

    @contextmanager
    def single_statement(self, connection: Connection) -> Generator[None]:
        """Around a transaction of one statement, outside any: BEGIN and COMMIT may be left out."""
        yield

    def begin_snapshot(self, connection: Connection) -> None:
        """Make sure that what a connection reads from now on is of one moment."""

    def mark(self, connection: Connection) -> None:
        """Leave something in the transaction that is gone when the transaction is another one."""
        connection.exec_driver_sql(f"SAVEPOINT {_MARK}")

    def unmark(self, connection: Connection) -> None:
        """Take it back. An error means that it is gone, or that the transaction is aborted."""
        connection.exec_driver_sql(f"RELEASE SAVEPOINT {_MARK}")

    def has_ended(self, connection: Connection) -> bool:
        """Whether the driver knows that no transaction is open any more; asks nobody."""
        return False

    def is_autocommit(self, connection: Connection) -> bool:
        """Whether each statement of this connection commits by itself, as most drivers tell."""
        driver: Any = connection.connection.driver_connection
        return getattr(driver, "autocommit", False) is True

    def backend(self, connection: Connection) -> int | None:
        """The server's number for this connection, None where there is no server."""
        return None

    def end_backend(self, connection: Connection, backend: int) -> bool:
        """End another connection at the server; whether it is gone, its outcome certain."""
        return True

    def backend_mark(self, connection: Connection) -> str | None:
        """The server's name for this connection, which no later connection will have."""
        return None

    def end_marked(self, connection: Connection, mark: str) -> bool:
        """End the connection of a mark, if it is still there; whether it is gone."""
        return True

    @contextmanager
    def impatient(self, connection: Connection) -> Generator[None]:
        """Inside, beginning a transaction fails rather than waits for another writer."""
        yield

    def place(self, connection: Connection) -> Place:
        """Where the database says it is, as the revision asked that wrote the store's row."""
        return Place("")

    @contextmanager
    def brief_locks(self, connection: Connection) -> Generator[None]:
        """Inside, which is before any statement, one fails rather than waits long for a lock."""
        yield
