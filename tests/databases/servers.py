"""The servers named in the `[db]` section of setup.cfg, and which of them a run uses.

A value of that section is one of

- `sqlite`;
- `wheel:<distribution>`, PostgreSQL's programs from a package of pip's;
- `apt:<package>`, PostgreSQL or MariaDB from a Debian package;
- the SQLAlchemy URL of an existing server, in which databases are made and dropped.
"""

from collections.abc import Iterable, Mapping, Sequence
from configparser import ConfigParser
from pathlib import Path

from sqlalchemy import make_url

from tests.databases.mariadb import MariaDB
from tests.databases.postgresql import PostgreSQL
from tests.databases.server import Schema, Server
from tests.databases.sqlite import SQLite

ALL = "all"
KINDS: Mapping[str, type[Server]] = {
    "sqlite": SQLite,
    "postgres": PostgreSQL,
    "mariadb": MariaDB,
    "mysql": MariaDB,
}
FAMILIES = frozenset(kind.family for kind in KINDS.values())


class NotConfigured(Exception):
    """What was asked for and the `[db]` section of setup.cfg do not fit together."""


class Servers:
    """All servers by name; each is started at the first use and removed with `remove`."""

    def __init__(self, setup: Path, chosen: Iterable[str], schema: Schema) -> None:
        sources = read_section(setup)
        self._servers = {name: make(name, source, schema) for name, source in sources.items()}
        self.chosen = self.select(chosen) or list(self._servers)
        self._missing: dict[str, str | None] = {}

    def __getitem__(self, name: str) -> Server:
        return self._servers[name]

    def select(self, names: Iterable[str]) -> list[str]:
        """Give the names, in the section's order; `all` stands for every one."""
        wanted = {name.strip() for name in names} - {""}
        if unknown := sorted(wanted - self._servers.keys() - {ALL}):
            known = ", ".join([*self._servers, ALL])
            raise NotConfigured(f"no database {', '.join(unknown)} in setup.cfg [db]: {known}")
        return [name for name in self._servers if ALL in wanted or name in wanted]

    def of(self, families: Sequence[str]) -> list[str]:
        """Give the chosen names of some families, of all when none is named."""
        if unknown := sorted(set(families) - FAMILIES):
            known = ", ".join(sorted(FAMILIES))
            raise NotConfigured(f"no database family {', '.join(unknown)}: {known}")
        return [name for name in self.chosen if not families or self[name].family in families]

    def of_each_family(self, names: Sequence[str]) -> list[str]:
        """The first of each family among these."""
        first = {self[name].family: name for name in reversed(names)}
        return [name for name in names if name in first.values()]

    def missing(self, name: str) -> str | None:
        """Say why one cannot be used and what installs it; None if it can be."""
        if name not in self._missing:
            self._missing[name] = self[name].missing()
        return self._missing[name]

    def require(self, names: Iterable[str]) -> None:
        """Raise `NotConfigured` unless all these can be used."""
        reasons = [reason for name in self.select(names) if (reason := self.missing(name))]
        if reasons:
            raise NotConfigured("required databases are missing:\n" + "\n".join(reasons))

    def remove(self) -> None:
        """End them all, also when one of them cannot be ended."""
        errors: list[Exception] = []
        for server in self._servers.values():
            try:
                server.remove()
            except Exception as error:  # noqa: BLE001 - the others must end too
                errors.append(error)
        if errors:
            raise ExceptionGroup("some test databases could not be removed", errors)


def read_section(setup: Path) -> dict[str, str]:
    """Read the names and values of `[db]`."""
    parser = ConfigParser(interpolation=None)
    parser.read(setup)
    if not parser.has_section("db"):
        raise NotConfigured(f"{setup} has no section [db] that names the test databases")
    return dict(parser.items("db"))


def make(name: str, source: str, schema: Schema) -> Server:
    """Make the server that a value of the section describes."""
    is_url = "://" in source
    product = make_url(source).get_backend_name() if is_url else source.rpartition(":")[2]
    for word, kind in KINDS.items():
        if word in product:
            return kind(name, source, schema)
    raise NotConfigured(f"setup.cfg [db] {name} = {source}: {', '.join(KINDS)} are known")
