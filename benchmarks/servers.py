"""A database of the tests' own servers, for one run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from tests.databases import SCHEMA, Servers

_SETUP: Final = Path(__file__).parents[1] / "setup.cfg"


@contextmanager
def databases_named(name: str, count: int) -> Iterator[list[URL]]:
    """New databases of that server, which is ended afterwards.

    It does not wait for its disk (`fsync` off), so that the processor is measured.
    """
    servers = Servers(_SETUP, [name], SCHEMA)
    servers.require([name])
    try:
        servers[name].start()
        yield [servers[name].create_upgraded() for _ in range(count)]
    finally:
        servers.remove()


@contextmanager
def database_named(name: str) -> Iterator[URL]:
    """One of them."""
    with databases_named(name, 1) as (url,):
        yield url
