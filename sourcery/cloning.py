"""Copies of a database: what has effects elsewhere stands still in one until it is adopted.

The store's row says where the database was set up. A dump that is restored under another name,
or on another PostgreSQL server, still says so, and thereby gives itself away. A copy of a whole
server's files does not: tell it by `environment=`.
"""

from __future__ import annotations

from sourcery.database import Database
from sourcery.errors import StoreCloned
from sourcery.identity import become, read_identity, stored_place
from sourcery.log import translated


def refuse_clone(database: Database) -> None:
    """Raise `StoreCloned` in a copy that nobody has adopted.

    For what has effects outside the database, at its start and after each lost connection.
    """
    with database.reading() as connection:
        expected, found = stored_place(connection), database.dialect.place(connection)
    if not found.may_be(expected):
        raise StoreCloned(str(found), str(expected))


def adopt(database: Database, *, moved: bool) -> bool:
    """Make the place where the database is now its own; commits. False where it is at home."""
    with translated(database.dialect), database.writing() as connection, connection.begin():
        dialect = database.dialect
        dialect.begin(connection)
        found = dialect.place(connection)
        identity = read_identity(connection)
        if found.may_be(stored_place(connection)):
            return False
        adopted = become(connection, found, identity.generation, moved=moved)
    database.renamed()
    return adopted
