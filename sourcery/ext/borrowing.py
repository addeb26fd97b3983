"""A driver's connection that belongs to somebody else, as SQLAlchemy takes one from its pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Borrowed:
    """Passes everything on to the driver, but what its owner alone may do, or has set up."""

    def __init__(self, driver: Any, cursor: Callable[..., Any]) -> None:
        self._driver = driver
        self._cursor = cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def cursor(self, *args: Any, **options: Any) -> Any:
        """A plain cursor of the driver: frameworks have their own, which write SQL anew."""
        return self._cursor(*args, **options)

    def commit(self) -> None:
        """Leave it to the owner."""

    def rollback(self) -> None:
        """Leave it to the owner."""

    def close(self) -> None:
        """Leave it to the owner."""

    def add_notice_handler(self, handler: object) -> None:
        """Leave it as it is: SQLAlchemy would add one at each use."""

    def create_function(self, *args: object, **options: object) -> None:
        """Leave those that are there: SQLAlchemy's `regexp` is another than Django's."""
