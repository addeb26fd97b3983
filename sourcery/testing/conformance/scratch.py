"""Databases to run the tests in, which are not the user's: the one of the URL is left as it is.

SQLite gets files in a temporary folder. On a server a database is made beside the one of the
URL. Where the account may not, and on databases we know no words for, the one of the URL itself
is used, if no table is in it.
"""

from __future__ import annotations

import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlalchemy import URL, create_engine
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from sourcery.dialects import dialect_for
from sourcery.engine import normalise
from sourcery.errors import InvalidArgument, UnknownDatabase
from sourcery.testing.conformance.cleaning import (
    Cleaner,
    adopt,
    connected,
    drop_all,
    end_others,
    execute_alone,
    tables_in,
    upgrade,
)

#: Names of tables that a refusal lists.
SHOWN: Final = 5

#: How a database is made and dropped, by SQLAlchemy's name.
_WORDS: Final = {
    "postgresql": ("CREATE DATABASE {}", "DROP DATABASE IF EXISTS {} WITH (FORCE)"),
    "mysql": ("CREATE DATABASE {} CHARACTER SET utf8mb4", "DROP DATABASE IF EXISTS {}"),
    "mariadb": ("CREATE DATABASE {} CHARACTER SET utf8mb4", "DROP DATABASE IF EXISTS {}"),
}


#: What lets an account make databases, or at least tables in the one of the URL.
_GRANTS: Final = {
    "postgresql": "ALTER ROLE {0} CREATEDB, or GRANT USAGE, CREATE ON SCHEMA public TO {0}",
    "mysql": "GRANT ALL ON `sourcery\\_conformance\\_%`.* TO {0}",
    "mariadb": "GRANT ALL ON `sourcery\\_conformance\\_%`.* TO {0}",
}


class NotUsable(Exception):
    """The URL leads to no database in which the tests could run."""


class Scratch(ABC):
    """Gives one test at a time its database."""

    @abstractmethod
    def upgraded(self) -> URL:
        """A database with our tables, as if just made; ends that of the test before."""

    @abstractmethod
    def empty(self) -> URL:
        """A database without any table; ends that of the test before."""

    @abstractmethod
    def other(self) -> URL | None:
        """One more on the same server with our tables; None where none can be made."""

    @abstractmethod
    def remove(self) -> None:
        """Leave nothing behind. May be called again."""


def open_scratch(given: str | URL, *, alone: bool = True) -> Scratch:
    """Choose by what the account may do. Raises `NotUsable` with the reason, never the password.

    `alone` says that no other process runs these tests on the same URL.
    """
    url = known(given)
    if url.get_backend_name() == "sqlite":
        return Files(url)
    check(url)
    made = _create(url)
    if made is not None:
        return Made(url, made)
    if not alone:
        raise NotUsable("the account may not create databases: run without -n, one test at a time")
    _refuse_tables(url)
    _try_a_table(url)
    return Given(url)


class Files(Scratch):
    """SQLite: a database is a file, and a fresh one a copy of the file with our tables."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._folder = Path(tempfile.mkdtemp(prefix="sourcery_conformance_"))
        self._template: Path | None = None

    def upgraded(self) -> URL:
        if self._template is None:
            url = self.empty()
            upgrade(url)
            self._template = Path(str(url.database))
        url = self.empty()
        shutil.copyfile(self._template, str(url.database))
        with connected(url) as connection:
            adopt(connection)
        return url

    def empty(self) -> URL:
        return self._url.set(database=f"{self._folder}/{uuid4().hex[:16]}.db")

    def other(self) -> URL | None:
        return self.upgraded()

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class Given(Scratch):
    """The database of the URL, which was empty."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._cleaner: Cleaner | None = None

    def upgraded(self) -> URL:
        if self._cleaner is None or not self._cleaner.clean():
            self.empty()
            upgrade(self._url)
            self._cleaner = Cleaner(self._url)
        return self._url

    def empty(self) -> URL:
        self._cleaner = None
        drop_all(self._url)
        return self._url

    def other(self) -> URL | None:
        return None

    def remove(self) -> None:
        drop_all(self._url)


class Made(Given):
    """A database of our own making, beside the one of the URL; another one when asked for."""

    def __init__(self, url: URL, name: str) -> None:
        super().__init__(url.set(database=name))
        self._beside = url
        self._others: list[str] = []

    def upgraded(self) -> URL:
        end_others(self._url)
        return super().upgraded()

    def empty(self) -> URL:
        end_others(self._url)
        return super().empty()

    def other(self) -> URL | None:
        name = _create(self._beside)
        if name is None:
            return None
        self._others.append(name)
        url = self._url.set(database=name)
        upgrade(url)
        return url

    def remove(self) -> None:
        for name in (str(self._url.database), *self._others):
            end_others(self._url.set(database=name))
            _, drop = _WORDS[self._url.get_backend_name()]
            execute_alone(self._beside, drop.format(name))


def known(given: str | URL) -> URL:
    """Parse it as a store does; raises `NotUsable` for what no dialect serves."""
    try:
        url = normalise(given)
        dialect_for(url.get_backend_name())
        url.get_dialect()
    except (InvalidArgument, UnknownDatabase, NoSuchModuleError) as error:
        raise NotUsable(str(error)) from None
    return url


def check(url: URL) -> None:
    """Connect once; raises `NotUsable` when nobody answers, or no driver is installed."""
    try:
        with connected(url):
            pass
    except ImportError as error:
        raise NotUsable(f"{error}: install the driver, or name another in the URL") from None
    except DBAPIError as error:
        shown = url.render_as_string(hide_password=True)
        raise NotUsable(f"no connection to {shown}: {error.orig}") from None


def _create(url: URL) -> str | None:
    """Make a database; its name, or None where the account may not or nobody knows the words."""
    words = _WORDS.get(url.get_backend_name())
    name = f"sourcery_conformance_{uuid4().hex[:12]}"
    if words is None:
        return None
    try:
        execute_alone(url, words[0].format(name))
    except DBAPIError:
        return None
    return name


def _refuse_tables(url: URL) -> None:
    engine = create_engine(url, poolclass=NullPool)
    try:
        names = tables_in(engine)
    finally:
        engine.dispose()
    if names:
        shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        raise NotUsable(
            f"the account may not create databases, and the one of the URL holds tables ({shown}): "
            "give an empty one, or an account that may. Nothing was changed"
        )


def _try_a_table(url: URL) -> None:
    """Or every test would fail of it."""
    name = f"sourcery_conformance_{uuid4().hex[:12]}"
    try:
        for statement in (f"CREATE TABLE {name} (id INTEGER)", f"DROP TABLE {name}"):
            execute_alone(url, statement)
    except DBAPIError as error:
        first = next(iter(str(error.orig).splitlines()), "")
        known_grant = _GRANTS.get(url.get_backend_name(), "grant {0} the right to create tables")
        raise NotUsable(
            f"the account may create neither databases nor tables ({first}): "
            f"{known_grant.format(url.username)}"
        ) from None
