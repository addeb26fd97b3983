"""What a database says of itself, whether or not this code may use it."""

from __future__ import annotations

from attrs import frozen

from sourcery import schema
from sourcery.cloning import refuse_clone
from sourcery.dialects import dialect_for
from sourcery.engine import connected, reaching_first
from sourcery.identity import read_identity
from sourcery.store import EventStore


@frozen(kw_only=True)
class SchemaState:
    """The store's row, and what this code needs."""

    #: Without its password.
    database: str
    #: Of the tables, and the one that this code was written for.
    revision: int
    needed: int
    #: The oldest code that the tables let in.
    minimum_revision: int
    store_id: str
    #: Counts repairs and adoptions.
    generation: int
    environment: str | None

    @property
    def is_usable(self) -> bool:
        """Whether this code may use the tables."""
        return self.minimum_revision <= self.needed <= self.revision


def schema_state(store: EventStore) -> SchemaState:
    """Read it, and check nothing. Raises `SchemaMissing`, or `DatabaseMisconfigured`."""
    dialect = dialect_for(store.engine.dialect.name)
    with (
        reaching_first(store.engine, dialect),
        connected(store.engine, dialect.read_options) as connection,
    ):
        identity = read_identity(connection)
    return SchemaState(
        database=store.engine.url.render_as_string(),
        revision=identity.revision,
        needed=schema.REVISION,
        minimum_revision=identity.minimum_revision,
        store_id=identity.store_id,
        generation=identity.generation,
        environment=identity.environment,
    )


def check_store(store: EventStore) -> None:
    """Raise what keeps consumers, relays or writers from working here; only reads.

    A `ConfigurationError`, `StandbyRefused` and `StoreCloned` among them, or `StoreRewound`.
    """
    store.database.restart()
    store.settled()
    refuse_clone(store.database)
