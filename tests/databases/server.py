"""What every test database has in common: databases are made, filled and dropped in it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar
from uuid import uuid4

from sqlalchemy import URL, Connection


@dataclass(frozen=True, kw_only=True)
class Schema:
    """How our tables come into a database."""

    #: Makes the tables in the database of this URL; leaves no connection open.
    upgrade: Callable[[URL], None]
    #: Gives a copied database an identity of its own; does not commit.
    adopt: Callable[[Connection], None]


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database of one test."""

    #: As in the `[db]` section of setup.cfg.
    name: str
    url: URL
    server: "Server"

    @property
    def family(self) -> str:
        """Give `sqlite`, `postgresql` or `mariadb`."""
        return self.server.family


class NoServer(Exception):
    """This database has no server: mark the test with the families that have one."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name} has no server; mark the test @pytest.mark.databases(...)"


class Server(ABC):
    """One entry of the `[db]` section. Nothing runs before the first `start`."""

    family: ClassVar[str]

    def __init__(self, name: str, source: str, schema: Schema) -> None:
        self.name = name
        self.source = source
        self.schema = schema

    @abstractmethod
    def missing(self) -> str | None:
        """Say why it cannot be used here and what installs it; None if it can."""

    @abstractmethod
    def create_database(self) -> URL:
        """Make an empty database with a new name."""

    @abstractmethod
    def create_upgraded(self) -> URL:
        """Make a database that has our tables, in the fastest way there is."""

    @abstractmethod
    def drop_database(self, url: URL) -> None:
        """Drop it, whoever is still connected."""

    @abstractmethod
    def start(self) -> None:
        """Start it unless it runs; again on the same data and port after `kill`."""

    def stop(self) -> None:
        """Shut it down in good order; `start` brings it back."""
        raise NoServer(self.name)

    def kill(self) -> None:
        """End all its processes with SIGKILL; `start` brings it back."""
        raise NoServer(self.name)

    @property
    def admin_url(self) -> URL:
        """Give the URL of the account and database by which databases are made."""
        raise NoServer(self.name)

    @abstractmethod
    def remove(self) -> None:
        """End it and delete what it stored."""


def new_name() -> str:
    """Make a database name that nobody else on an existing server has."""
    return f"sourcery_{uuid4().hex[:16]}"
