"""The servers named in the `[db]` section of setup.cfg, and which of them a run uses.

A value of that section is one of

- `sqlite`;
- `wheel:<distribution>`, PostgreSQL's programs from a package of pip's;
- `apt:<package>`, PostgreSQL or MariaDB from a Debian package;
- the SQLAlchemy URL of an existing server, in which databases are made and dropped.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import make_url

from tests.databases.mariadb import MariaDB
from tests.databases.named import Named, NotConfigured, read_section
from tests.databases.postgresql import PostgreSQL
from tests.databases.server import Schema, Server
from tests.databases.sqlite import SQLite

KINDS: Mapping[str, type[Server]] = {
    "sqlite": SQLite,
    "postgres": PostgreSQL,
    "mariadb": MariaDB,
    "mysql": MariaDB,
}
FAMILIES = frozenset(kind.family for kind in KINDS.values())


class Servers(Named[Server]):
    """All databases by name, and those that this run uses."""

    def __init__(self, setup: Path, chosen: Iterable[str], schema: Schema) -> None:
        sources = read_section(setup, "db")
        if not sources:
            raise NotConfigured(f"{setup} has no section [db] that names the test databases")
        super().__init__(
            "db", {name: make(name, source, schema) for name, source in sources.items()}
        )
        self.chosen = self.select(chosen) or list(sources)

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


def make(name: str, source: str, schema: Schema) -> Server:
    """Make the server that a value of the section describes."""
    is_url = "://" in source
    product = make_url(source).get_backend_name() if is_url else source.rpartition(":")[2]
    for word, kind in KINDS.items():
        if word in product:
            return kind(name, source, schema)
    raise NotConfigured(f"setup.cfg [db] {name} = {source}: {', '.join(KINDS)} are known")
