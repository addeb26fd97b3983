"""The libraries that these parts stand on are optional."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sourcery.errors import ExtraMissing


@contextmanager
def needs(part: str, extra: str) -> Generator[None]:
    """Around an import: say which extra has what is missing."""
    try:
        yield
    except ImportError as error:
        raise ExtraMissing(part, extra) from error
