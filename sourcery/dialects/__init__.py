"""Which dialect serves which database.

Built-in ones first, then the entry-point group `sourcery.dialects`: an entry named like
SQLAlchemy's dialect ("oracle") that loads a subclass of `Dialect`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Final

from sourcery.dialects.base import Dialect
from sourcery.dialects.batch import (
    Batch,
    EventRow,
    ImportedEvent,
    MessageRow,
    StreamBatch,
    Written,
)
from sourcery.dialects.frontier import Frontier, IncarnationChanged
from sourcery.dialects.place import Place
from sourcery.errors import UnknownDatabase

__all__ = [
    "Batch",
    "Dialect",
    "EventRow",
    "Frontier",
    "ImportedEvent",
    "IncarnationChanged",
    "MessageRow",
    "Place",
    "StreamBatch",
    "Written",
    "dialect_for",
    "register",
]

GROUP: Final = "sourcery.dialects"


def _sqlite() -> type[Dialect]:
    from sourcery.dialects.sqlite import SQLiteDialect

    return SQLiteDialect


def _postgresql() -> type[Dialect]:
    from sourcery.dialects.postgresql import PostgreSQLDialect

    return PostgreSQLDialect


def _mysql() -> type[Dialect]:
    from sourcery.dialects.mysql import MySQLDialect

    return MySQLDialect


_loaders: Final[dict[str, Callable[[], type[Dialect]]]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
}


def register(name: str, dialect: type[Dialect]) -> None:
    """Serve a database from this process on, by SQLAlchemy's name for it."""
    _loaders[name] = lambda: dialect


def dialect_for(name: str) -> Dialect:
    """The dialect for SQLAlchemy's name of a database; `UnknownDatabase` when none is known."""
    if loader := _loaders.get(name):
        return loader()()
    for entry in entry_points(group=GROUP, name=name):
        loaded: type[Dialect] = entry.load()
        return loaded()
    raise UnknownDatabase(name, sorted(_loaders))
