"""What the tests ask of a database, and what a database can do."""

from __future__ import annotations

from typing import Final, Protocol

from sqlalchemy import URL, create_engine
from sqlalchemy.pool import NullPool

from sourcery.dialects import Dialect, dialect_for
from sourcery.dialects.postgresql import PostgreSQLDialect
from sourcery.dialects.psycopg import ThroughPsycopg
from sourcery.dialects.sqlite import SQLiteDialect

#: Two transactions may write at once.
WRITERS: Final = "writers"
#: A connection can be ended from another one.
BACKENDS: Final = "backends"
#: It has only one writer at a time, readers beside it.
ONE_WRITER: Final = "one writer"
#: A later position may be committed before an earlier one.
FLOORS: Final = "floors"
#: One row that every append raises says which position is next.
COUNTER: Final = "counter"
#: A statement that makes a table can be rolled back.
TRANSACTIONAL_DDL: Final = "transactional ddl"
#: A constraint can wait for the COMMIT.
DEFERRED: Final = "deferred constraints"
#: A waiting process is told of a commit in another one.
NOTICES: Final = "notices"

#: Every word for `@pytest.mark.needs(...)`.
CAPABILITIES: Final = frozenset(
    {WRITERS, ONE_WRITER, BACKENDS, FLOORS, COUNTER, TRANSACTIONAL_DDL, DEFERRED, NOTICES}
)


class Database(Protocol):
    """One database of one test. Give your own kind of it from a fixture named `database`."""

    @property
    def url(self) -> URL:
        """SQLAlchemy's URL, with the password."""
        ...


def capabilities(dialect: Dialect) -> frozenset[str]:
    """What a database can do that has this dialect; a test that needs more is skipped."""
    kind = type(dialect)
    is_sqlite = isinstance(dialect, SQLiteDialect)
    has_floors = isinstance(dialect, PostgreSQLDialect)
    is_strict = is_sqlite or isinstance(dialect, ThroughPsycopg)
    has = {
        WRITERS: not is_sqlite,
        ONE_WRITER: is_sqlite,
        BACKENDS: kind.backend is not Dialect.backend,
        FLOORS: has_floors,
        COUNTER: not has_floors,
        TRANSACTIONAL_DDL: is_strict,
        DEFERRED: is_strict,
        NOTICES: kind.notices is not None,
    }
    return frozenset(word for word, true in has.items() if true)


def capabilities_by_name(name: str) -> frozenset[str]:
    """The same by SQLAlchemy's name of a database, without asking a server."""
    return capabilities(dialect_for(name))


def capabilities_of(url: URL) -> frozenset[str]:
    """The same of the server that really answers; connects."""
    dialect = dialect_for(url.get_backend_name())
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return capabilities(dialect.resolve(connection))
    finally:
        engine.dispose()
