"""Accounts as the page of the docs makes them, in the database of a test."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen
from sqlalchemy import URL, NullPool, create_engine

from sourcery import EventStore
from tests.databases import Database
from tests.ordering.happened import Happened

PAGE = Path(__file__).parents[2] / "docs/how-to/secure-the-database.md"
_SECTIONS = {"postgresql": "PostgreSQL", "mariadb": "MariaDB"}
_PASSWORD = "a password"


def statements(database: Database) -> tuple[list[str], list[str]]:
    """The page's statements before the first upgrade, and after it."""
    section = PAGE.read_text().split(f"\n## {_SECTIONS[database.family]}\n")[1].split("\n## ")[0]
    first, second = re.findall(r"^```sql\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return _split(first, database), _split(second, database)


def _split(block: str, database: Database) -> list[str]:
    text = re.sub(r"--.*", "", block).replace("bank.", f"{database.url.database}.")
    return [" ".join(part.split()) for part in text.split(";") if part.strip()]


@frozen
class Accounts:
    """A database with a login for each role of the page."""

    database: Database

    def prepare(self) -> None:
        """Do what the page says, in its order; the tables are append-only."""
        before, after = statements(self.database)
        self._run(before)
        self._add("sourcery_migrator")
        with self.store("sourcery_migrator") as store:
            store.upgrade(append_only=True)
        self._run(after)
        for role in _made_by(after):
            self._add(role)

    def remove(self) -> None:
        """Let nothing of them stay at the server."""
        before, after = statements(self.database)
        for role in reversed([*_made_by(before), *_made_by(after)]):
            if self.database.family == "postgresql":
                self._run([f"DROP OWNED BY {name} CASCADE" for name in (_login(role), role)])
                self._run([f"DROP ROLE {name}" for name in (_login(role), role)])
            else:
                self._run([f"DROP USER {_login(role)}", f"DROP ROLE {role}"])

    @contextmanager
    def store(self, role: str) -> Iterator[EventStore]:
        """A store of this role's."""
        with EventStore(self.url(role), events=Happened) as store:
            yield store

    def url(self, role: str) -> URL:
        """As a program of this role connects."""
        return self.database.url.set(username=_login(role), password=_PASSWORD)

    def _add(self, role: str) -> None:
        login = _login(role)
        if self.database.family == "postgresql":
            # a migrator is a login itself; as a member it makes tables that are its own
            self._run([f"CREATE ROLE {login} LOGIN IN ROLE {role}"])
        else:
            self._run(
                [
                    f"CREATE USER {login} IDENTIFIED BY '{_PASSWORD}'",
                    f"GRANT {role} TO {login}",
                    f"SET DEFAULT ROLE {role} FOR {login}",
                ]
            )

    def _run(self, lines: Iterable[str]) -> None:
        """As the administrator, in the database."""
        engine = create_engine(self.database.url, poolclass=NullPool)
        with engine.begin() as connection:
            for line in lines:
                connection.exec_driver_sql(line, None, {"no_parameters": True})


def _made_by(lines: Iterable[str]) -> list[str]:
    """Names of the roles."""
    return [line.split()[2] for line in lines if line.startswith("CREATE ROLE")]


def _login(role: str) -> str:
    return f"{role}_login"
