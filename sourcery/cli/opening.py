"""The store that a command works on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from sourcery.cli.loading import load, made
from sourcery.cli.settings import Settings
from sourcery.store import EventStore


@contextmanager
def opened(settings: Settings, *, create: bool = False) -> Generator[EventStore]:
    """The store, closed at the end if it was made here. Only with `create` SQLite makes a file."""
    where = settings.where()
    if where.app is not None:
        store, is_ours = made(load(where.app), EventStore)
        if not isinstance(store, EventStore):
            problem = (
                f"{where.app!a} is no EventStore, and no function without arguments that makes one"
            )
            raise click.UsageError(problem)
    else:
        assert where.database is not None
        _check(where.database, create=create)
        store, is_ours = EventStore(where.database), True
    try:
        yield store
    finally:
        if is_ours:
            store.close()


def _check(url: str, *, create: bool) -> None:
    """SQLite would make a file of a mistyped name, and a database that is gone with the command."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return  # the store says it better
    if parsed.get_backend_name() != "sqlite" or str(parsed.database).startswith("file:"):
        return
    if parsed.database in (None, "", ":memory:"):
        raise click.UsageError(f"{url} is a private database of one process: name a file")
    file = Path(str(parsed.database))
    if not file.parent.is_dir():
        raise click.ClickException(f"there is no folder {file.parent} for {file.name}: make it")
    if not create and not file.exists():
        raise click.ClickException(f"there is no file {file}: sourcery upgrade makes it")


@contextmanager
def opened_to_decode(settings: Settings) -> Generator[EventStore]:
    """A store that knows the classes of its events."""
    if settings.where().app is None:
        problem = "this reads events as your program does: say --app module:store"
        raise click.UsageError(problem)
    with opened(settings) as store:
        yield store
