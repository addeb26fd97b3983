"""Who a store is, and whether this code may use it: the one row of `sourcery_store`."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from attrs import frozen
from sqlalchemy import Connection, bindparam, null, select, update
from sqlalchemy.exc import DBAPIError

from sourcery import schema
from sourcery.dialects import Place
from sourcery.dialects.place import address
from sourcery.dialects.statements import Statement
from sourcery.errors import (
    DatabaseMisconfigured,
    InvalidArgument,
    SchemaAhead,
    SchemaBehind,
    SchemaMissing,
    TokenRefused,
    WrongEnvironment,
)
from sourcery.token import Token

_columns = schema.store.c
_ROW: Final = Statement(
    select(
        _columns.store_id,
        _columns.generation,
        _columns.revision,
        _columns.minimum_revision,
        _columns.environment,
    ).where(_columns.id == 1)
)
_ADOPT: Final = Statement(
    update(schema.store)
    .where(_columns.id == 1, _columns.environment.is_(None))
    .values(environment=bindparam("name"))
)
_PLACE: Final = Statement(
    select(_columns.database_name, _columns.system_identifier).where(_columns.id == 1)
)
_MOVE: Final = (
    update(schema.store)
    .where((_columns.id == 1) & (_columns.generation == bindparam("seen")))
    .values(
        generation=_columns.generation + 1,
        database_name=bindparam("database"),
        system_identifier=bindparam("system"),
    )
)
_MOVE_ALONE: Final = Statement(_MOVE)
_BECOME: Final = Statement(_MOVE.values(store_id=bindparam("new_id"), environment=null()))
_NEXT_GENERATION: Final = Statement(
    update(schema.store).where(_columns.id == 1).values(generation=_columns.generation + 1)
)
#: For a person to run.
_PUT_BACK: Final = (
    "INSERT INTO sourcery_store (id, store_id, generation, revision, minimum_revision, "
    "database_name) VALUES (1, '{}', 1, {}, 1, '')"
)

#: PostgreSQL's undefined_table and invalid_schema_name.
_UNDEFINED: Final = ("42P01", "3F000")


@frozen
class Identity:
    """Facts of the store's row."""

    store_id: str
    generation: int
    revision: int
    minimum_revision: int
    environment: str | None


def read_identity(connection: Connection) -> Identity:
    """Read the row. Raises `SchemaMissing` without a table, `DatabaseMisconfigured` without a row.

    On MariaDB a first upgrade that broke off leaves the table without the row, too.
    """
    try:
        row = _ROW.run(connection, {}).one_or_none()
    except DBAPIError as error:
        if error.connection_invalidated or not _no_such_table(error):
            raise
        raise SchemaMissing(address(connection.engine)) from error
    if row is None:
        raise _row_is_gone(address(connection.engine))
    return Identity(*tuple(row))


def _row_is_gone(database: str) -> DatabaseMisconfigured:
    return DatabaseMisconfigured(
        f"{database} has the table sourcery_store, but not its row, which says who the store is",
        "run store.upgrade(), in case one broke off; if that says the same, put the row back from "
        "a backup, or, as another store that takes no tokens of this one: "
        + _PUT_BACK.format(uuid4(), schema.REVISION),
    )


def _no_such_table(error: DBAPIError) -> bool:
    """Whether the database said, in its own words, that the table is not there."""
    state = getattr(error.orig, "sqlstate", None)
    text = str(error.orig)
    return state in _UNDEFINED or "no such table" in text or text.startswith("(1146,")


def check_revision(identity: Identity) -> None:
    """Raise when the schema is older than this code, or no longer supports it.

    A newer schema is fine as long as it says so: revisions only add to it.
    """
    if identity.revision < schema.REVISION:
        raise SchemaBehind(identity.revision, schema.REVISION)
    if identity.minimum_revision > schema.REVISION:
        raise SchemaAhead(identity.minimum_revision, schema.REVISION)


def check_environment(connection: Connection, identity: Identity, name: str | None) -> None:
    """Claim a database that has no environment yet; refuse one of another. Does not commit."""
    if name is None or identity.environment == name:
        return
    if identity.environment is not None:
        raise WrongEnvironment(identity.environment, name)
    _ADOPT.run(connection, {"name": name})


def check_token(identity: Identity, token: Token) -> None:
    """Raise `TokenRefused` for a token that names nothing in this store, as it was read.

    One of a later generation is refused as well: what this program remembers may be of
    before the repair.
    """
    if not _is_token(token):
        problem = f"must be a Token, not {type(token).__name__}: read it with Token.from_json"
        raise InvalidArgument("token", problem)
    if token.store_id != identity.store_id:
        raise TokenRefused("is of another store")
    if token.generation < identity.generation:
        raise TokenRefused("was made before the store was repaired")
    if token.generation > identity.generation:
        raise TokenRefused("was made after a repair of the store, which this program began before")


def _is_token(value: object) -> bool:
    return isinstance(value, Token)


def begin_generation(connection: Connection) -> None:
    """Make tokens and frontiers of the past recognisable. Does not commit."""
    _NEXT_GENERATION.run(connection, {})


def stored_place(connection: Connection) -> Place:
    """Where the store was set up, or adopted last."""
    return Place(*tuple(_PLACE.run(connection, {}).one()))


def become(connection: Connection, place: Place, seen: int, *, moved: bool) -> bool:
    """Write where the store is now; unless it moved, as another one. Does not commit.

    False when it is no longer of the generation seen: somebody else was first. A new one begins
    in either case: what was copied may be older than what tokens name. The environment of the
    original is not that of a copy: the next store that names one claims it.
    """
    values = {"database": place.database, "system": place.system, "seen": seen}
    if moved:
        return _MOVE_ALONE.run(connection, values).rowcount == 1
    return _BECOME.run(connection, values | {"new_id": str(uuid4())}).rowcount == 1
