"""Keeps the transaction of a unit of work its own, whatever is done through its session.

`uow.session.connection()` is the very connection that the events are written on. A COMMIT there
would store half of the unit, and half of a page without its checkpoint.
"""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakKeyDictionary

from attrs import define
from sqlalchemy import Connection, event

from sourcery.errors import TransactionEnded

#: First words of statements that end a transaction.
_ENDS: Final = ("commit", "rollback", "end", "abort")


@define(eq=False)
class Guard:
    """Of one connection, which may serve one unit after the other."""

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
        words = statement[:40].lower().replace(";", " ").split()
        if words and words[0] in _ENDS and "to" not in words[:4]:
            raise TransactionEnded(f"the session was given the statement {words[0].upper()}")


_guards: Final[WeakKeyDictionary[Connection, Guard]] = WeakKeyDictionary()


def guarded(connection: Connection) -> Guard:
    """The guard of a connection; it is not armed yet, or no more."""
    guard = _guards.get(connection)
    if guard is None:
        guard = _guards[connection] = Guard()
        listeners: dict[str, Any] = {
            "commit": guard.before_commit,
            "before_cursor_execute": guard.before_statement,
        }
        for name, listener in listeners.items():
            event.listen(connection, name, listener)
    return guard
