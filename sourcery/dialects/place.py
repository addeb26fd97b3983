"""Where a database is, by its own account: what tells a copy from the original."""

from __future__ import annotations

from attrs import frozen
from sqlalchemy import Engine

#: Characters of a name that are stored: of a SQLite file's path, the last ones.
NAME_LENGTH = 200


@frozen
class Place:
    """The name of a database and, where there is such a thing, the identifier of its server."""

    #: Of SQLite, the end of the file's path; empty where the database does not say.
    database: str
    #: PostgreSQL's system identifier, which copies of the data files share; None is unknown.
    system: str | None = None

    def may_be(self, other: Place) -> bool:
        """Whether nothing says that they are two places. What is unknown says nothing."""
        known = self.database and other.database
        if known and self.database != other.database:
            return False
        return not (self.system and other.system) or self.system == other.system

    def __str__(self) -> str:
        server = f" on server {self.system}" if self.system else ""
        return f"database {self.database!a}{server}"


def address(engine: Engine) -> str:
    """The URL of a database as errors may show it: drivers take passwords in the query, too."""
    return engine.url.set(query={}).render_as_string()
