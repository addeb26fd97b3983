"""The libraries that talk to brokers are optional."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sourcery.errors import DriverMissing


@contextmanager
def needs(publisher: str, extra: str) -> Generator[None]:
    """Around an import: say which extra has what is missing."""
    try:
        yield
    except ImportError as error:
        raise DriverMissing(publisher, extra) from error
