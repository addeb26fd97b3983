"""One statement through the driver's own cursor, as SQLAlchemy would run it.

SQLAlchemy's context and result of a statement cost more than a short statement itself. So where
nobody listens they are left out; transaction, errors and lost connections stay SQLAlchemy's. Where
somebody does (echo, event hooks, tracing), the statement goes through `exec_driver_sql`.
"""

# What SQLAlchemy does around a statement has no public name. The lowest and the newest version that
# we run on are tested.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound

from sourcery.errors import DatabaseMisconfigured


class Rows:
    """What a statement gave back: rows of plain driver values, and how many it hit."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: Sequence[Any], rowcount: int) -> None:
        self._rows = rows
        self.rowcount: int = rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> Sequence[Any]:
        """Every row, in order."""
        return self._rows

    def first(self) -> Any:
        """The first row, None when there is none."""
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Any:
        """The only row, None when there is none; two are an error."""
        if len(self._rows) > 1:
            raise MultipleResultsFound("more than one row was found")
        return self.first()

    def one(self) -> Any:
        """The only row; any other number is an error."""
        row = self.one_or_none()
        if row is None:
            raise NoResultFound("no row was found")
        return row

    def scalar(self) -> Any:
        """The first value of the first row, None when there is none."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        """The first value of the only row."""
        return self.one()[0]


def run(connection: Connection, sql: str, values: Any, *, returns: bool) -> Rows:
    """Execute driver-level SQL; `returns` says whether it gives rows back."""
    if _is_watched(connection) or not _is_usable(connection):
        return _watched(connection, sql, values, returns=returns)
    cursor: Any = connection.connection.cursor()
    try:
        cursor.execute(sql, values)
        rows: Sequence[Any] = cursor.fetchall() if returns else ()
    except BaseException as error:
        _check_text(error)
        if _is_users(error, connection):
            cursor.close()
            raise
        failed(connection, error, sql, values, cursor)
    rowcount: int = cursor.rowcount
    cursor.close()
    return Rows(rows, rowcount)


def _watched(connection: Connection, sql: str, values: Any, *, returns: bool) -> Rows:
    try:
        result = connection.exec_driver_sql(sql, values)
        return Rows(result.all() if returns else (), result.rowcount)
    except DBAPIError as error:
        _check_text(error)
        raise


def _check_text(error: BaseException) -> None:
    """Raise `DatabaseMisconfigured` for what sqlite3 quotes: a stored text that is none."""
    if "Could not decode to UTF-8" in str(error):
        problem = "a text in a table of sourcery's is not UTF-8, so somebody changed it by hand"
        raise DatabaseMisconfigured(
            problem, "write it again, or bring it back from a backup"
        ) from None


def failed(
    connection: Connection, error: BaseException, sql: str, values: Any, cursor: Any
) -> NoReturn:
    """Raise what SQLAlchemy makes of the driver's error; a lost connection is invalidated."""
    connection._handle_dbapi_exception(error, sql, values, cursor, None)


def _is_watched(connection: Connection) -> bool:
    """Whether somebody wants to see the statement."""
    if connection._echo or connection.dialect._has_events:
        return True
    if not (connection._has_events or connection.engine._has_events):
        return False
    heard = connection.dispatch
    return bool(heard.before_cursor_execute or heard.after_cursor_execute)


def _is_usable(connection: Connection) -> bool:
    """Whether a transaction is open, or was opened now; what is not so, SQLAlchemy explains."""
    if connection.closed or connection.invalidated:
        return False
    transaction = connection.get_transaction()
    if transaction is None:
        if connection._trans_context_manager is not None:
            return False
        transaction = connection.begin()
    nested = connection.get_nested_transaction()
    return transaction.is_active and (nested is None or nested.is_active)


def _is_users(error: BaseException, connection: Connection) -> bool:
    """Whether it is about a value, and says nothing about the connection."""
    return isinstance(error, Exception) and not isinstance(
        error, connection.dialect.loaded_dbapi.Error
    )
