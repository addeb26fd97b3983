"""Keeps the transaction of a unit of work its own, whatever is done through its session.

`uow.session.connection()` is the very connection that the events are written on. A COMMIT there
would store half of the unit, and half of a page without its checkpoint.
"""

from __future__ import annotations

import re
from typing import Any, Final
from weakref import WeakKeyDictionary

from attrs import define
from sqlalchemy import Connection, event

from sourcery.dialects import Dialect
from sourcery.errors import TransactionEnded

#: What is said when nobody knows which statement it was.
SWALLOWED: Final = (
    "a statement inside the unit of work failed, or the database undid the whole transaction (a "
    "deadlock), and the error was caught: let it through, or undo a part with begin_nested()"
)
#: First words of statements that end a transaction, and of those that end it for another.
_ENDS: Final = ("commit", "rollback", "abort")
_BEGINS: Final = ("end", "begin", "start", "unlock", "xa")
_COMMENT: Final = re.compile(r"/\*.*?\*/|--[^\n]*|#[^\n]*", re.DOTALL)
#: Characters of a statement that are looked at: others are data.
_LOOKED_AT: Final = 1000


@define(eq=False)
class Guard:
    """Of one connection, which may serve one unit after the other."""

    dialect: Dialect
    #: Whether a unit of work is under way that has given its session away.
    armed: bool = False

    def before_commit(self, connection: Connection) -> None:
        """SQLAlchemy's event. It holds the transaction for ended whatever is raised: end it."""
        if self.armed:
            connection.connection.rollback()
            raise TransactionEnded("the session's connection was told to commit")

    def before_statement(
        self, connection: Connection, cursor: object, statement: str, *_: object
    ) -> None:
        """SQLAlchemy's event for every statement."""
        if not self.armed:
            return
        if self.dialect.has_ended(connection):
            raise TransactionEnded(SWALLOWED)
        if word := ends_transaction(statement):
            raise TransactionEnded(f"the session was given the statement {word.upper()}")


def ends_transaction(statement: str) -> str | None:
    """The word by which a statement ends the transaction, or begins another; else None.

    What is hidden in a function or a string is found out by `Dialect.unmark`.
    """
    for number, part in enumerate(_COMMENT.sub(" ", statement[:_LOOKED_AT]).split(";")):
        words = part.strip("() \n\t").lower().split(maxsplit=4)
        if not words or (words[0] == "rollback" and "to" in words):
            continue
        if words[0] in _ENDS or (number == 0 and _begins(words)):
            return words[0]
    return None


def _begins(words: list[str]) -> bool:
    """Only at the front: the body of a trigger begins, too."""
    two = " ".join(words[:2])
    return (
        words[0] in _BEGINS
        or two in ("lock tables", "prepare transaction")
        or (
            words[0] == "set"
            and any(word.startswith(("autocommit", "@@autocommit")) for word in words)
        )
    )


_guards: Final[WeakKeyDictionary[Connection, Guard]] = WeakKeyDictionary()


def guarded(connection: Connection, dialect: Dialect) -> Guard:
    """The guard of a connection; it is not armed yet, or no more."""
    guard = _guards.get(connection)
    if guard is None:
        guard = _guards[connection] = Guard(dialect)
        listeners: dict[str, Any] = {
            "commit": guard.before_commit,
            "before_cursor_execute": guard.before_statement,
        }
        for name, listener in listeners.items():
            event.listen(connection, name, listener)
    return guard
