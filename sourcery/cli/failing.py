"""What becomes of an error: one line, a hint, an exit status; no traceback, no password."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Final
from urllib.parse import quote

import click
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sourcery.cli.escaping import visible
from sourcery.cli.settings import Settings
from sourcery.control import consumer_names
from sourcery.errors import ConsumerNotFound, SchemaBehind, SchemaMissing, SourceryError
from sourcery.store import EventStore

#: Modules that a URL may need.
_DRIVERS: Final = ("psycopg", "pymysql")
#: Where a password stands, in a URL or among parameters.
_WHERE: Final = r"(:|password=['\"]?){}(?=[@'\"\s&;]|$)"
#: Characters of a password that is no part of other words.
_TELLING: Final = 6


class Failed(click.ClickException):
    """Something went wrong that a person can mend. Exit status 1."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message}\nHint: {hint}")

    def format_message(self) -> str:
        return "\n".join(visible(line) for line in self.message.splitlines())


@contextmanager
def explained(settings: Settings) -> Generator[None]:
    """Turn errors into what `click` prints; with `--debug` they come out as they are."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise  # click knows what to do with them
    except Exception as error:
        if settings.debug:
            raise
        raise Failed(_without_password(settings, error), _hint(error)) from error


def _text(error: Exception) -> str:
    if isinstance(error, SourceryError):
        return str(error)
    if _is_driver_missing(error):
        return "the driver of the database is not installed"
    if isinstance(error, DBAPIError | PoolTimeout | NoSuchModuleError):
        cause = error.orig if isinstance(error, DBAPIError) else error
        first = next(iter(str(cause).strip().splitlines()), "")
        return f"the database: {type(cause).__name__}: {first}"
    return f"{type(error).__name__}: {error}"


def _is_driver_missing(error: Exception) -> bool:
    return isinstance(error, ModuleNotFoundError) and error.name in _DRIVERS


def _hint(error: Exception) -> str | None:
    if isinstance(error, SchemaMissing | SchemaBehind):
        return "sourcery upgrade"
    if _is_driver_missing(error):
        return "pip install 'sourcery-events[postgresql]', or [mysql]"
    if isinstance(error, SourceryError | DBAPIError | PoolTimeout | OSError):
        return None
    return "--debug shows where it comes from"


def _without_password(settings: Settings, error: Exception) -> str:
    """A driver's error may quote what it was given; our own words hold no more than a URL."""
    text = _text(error)
    try:
        database = settings.where().database
        password = make_url(database).password if database else None
    except (ArgumentError, ValueError, click.UsageError):
        return text
    if not password:
        return text
    is_ours = isinstance(error, SourceryError) and not isinstance(error, DBAPIError)
    for form in (str(password), quote(str(password), safe="")):
        text = re.sub(_WHERE.format(re.escape(form)), r"\1***", text)
        if not is_ours and len(form) >= _TELLING:
            text = text.replace(form, "***")
    return text


@contextmanager
def known_consumer(store: EventStore, name: str) -> Generator[None]:
    """Inside, a consumer that is not there is answered by the names that are."""
    try:
        yield
    except ConsumerNotFound as error:
        names = consumer_names(store)
        near = get_close_matches(name, names, 3, 0.5) or names[:10]
        hint = f"did you mean {', '.join(near)}?" if near else "no consumer has ever run here"
        raise Failed(f"there is no consumer {name!a}", hint) from error
