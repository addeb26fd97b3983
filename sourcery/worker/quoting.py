"""What may be told of a database's error: not its text, which quotes parameters and rows."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy.exc import PendingRollbackError, StatementError

#: How MariaDB, MySQL and SQLite name a constraint: last, behind any value they quote.
_CONSTRAINTS: Final = (
    re.compile(r" for key '([^']+)'$"),
    re.compile(r"\(`[^`]+`\.`[^`]+`, CONSTRAINT `([^`]+)`"),
    re.compile(r"^CONSTRAINT `([^`]+)` failed"),
    re.compile(r"^[A-Z ]+ constraint failed: ([\w., ]+)$"),
)


def quotes(error: BaseException) -> bool:
    """Whether the text of an error holds values: of a statement, or of the driver itself."""
    return isinstance(error, StatementError | PendingRollbackError) or _is_of_driver(error)


def _is_of_driver(error: BaseException | None) -> bool:
    """Drivers name their classes alike (PEP 249)."""
    return any(cls.__name__ == "DatabaseError" for cls in type(error).__mro__)


def reason(error: BaseException) -> str:
    """Which error it is: the driver's class, the SQLSTATE or code, the constraint."""
    if isinstance(error, PendingRollbackError):
        return "a flush failed before, and the session was not rolled back"
    cause: Any = error.orig if isinstance(error, StatementError) else error
    parts = [type(cause).__name__]
    if _is_of_driver(cause):
        parts += [str(part) for part in (_code(cause), _constraint(cause)) if part]
    return " ".join(parts)


def _code(error: Any) -> str | int | None:
    """The number of MariaDB and MySQL, SQLite's name, PostgreSQL's SQLSTATE."""
    if error.args and isinstance(error.args[0], int):
        return error.args[0]
    named = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)
    return named and str(named)


def _constraint(error: Any) -> str | None:
    known = getattr(getattr(error, "diag", None), "constraint_name", None)
    if known:
        return str(known)
    text = str(error.args[-1]) if error.args else ""
    found = [match[1] for pattern in _CONSTRAINTS if (match := pattern.search(text))]
    return found[0] if found else None
