"""The store under test, and everything around it that a history touches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from attrs import define, field
from sqlalchemy import Connection, delete, insert, select, update

from sourcery import ErrorPolicy, EventStore, Recorded, Subscriber, every, schema
from tests.databases import Database
from tests.domain import open_bank
from tests.model.broker import ModelBroker, OrderedBroker
from tests.model.consumers import Declared
from tests.model.domain import delivered, notes, tables, withdrawals
from tests.model.fuse import Fuse
from tests.model.handlers import Handlers
from tests.model.queues import Seen

_KEPT: Final = (schema.store, schema.positions)
_EMPTIED: Final = [
    *[t for t in schema.tables.sorted_tables if t not in _KEPT],
    *tables.sorted_tables,
]
#: Seconds between attempts: none that anybody notices.
_AT_ONCE: Final = 0.001


@define(eq=False)
class World:
    """One store, emptied for each history."""

    store: EventStore
    #: Whether several transactions may write at once.
    concurrent: bool
    #: Events that handlers fail with, by consumer: category, id and version.
    sick: dict[str, set[tuple[str, str, int]]] = field(factory=dict[str, Any])
    #: Positions that the consumer with effects outside the database was given.
    effects: list[int] = field(factory=list[int])
    #: Of the worker that runs, and the broker of its relays.
    fuse: Fuse = field(factory=Fuse)
    broker: ModelBroker = field(init=False)
    #: Steps of all histories so far.
    steps: int = 0
    histories: int = 0

    def empty(self, *, ordered: bool) -> None:
        """Begin a history: no rows, a new broker; positions go on."""
        with self.store.engine.begin() as connection:
            for table in _EMPTIED:
                connection.execute(delete(table))
        self.sick, self.effects, self.fuse = {}, [], Fuse()
        self.broker = (OrderedBroker if ordered else ModelBroker)(self.fuse)
        self.histories += 1

    # -- subscribers -------------------------------------------------------------------

    def subscriber(self, declared: Declared, shards: int) -> Subscriber:
        """As its program would make it."""
        handlers = Handlers(declared, self.sick, self.effects, self.fuse)
        return Subscriber(
            self.store,
            declared.name,
            handlers.chosen(),
            events=declared.events,
            categories=declared.categories,
            shards=shards,
            page=declared.page,
            batch=declared.batch,
            effects=declared.effects,  # type: ignore[call-overload]
            on_error=policy(declared.policy, declared.retries),
        )

    def delivered_to(self, name: str) -> list[int]:
        """Positions that a subscriber was given, in order, as far as that is committed."""
        if name == "effects":
            return self.effects
        query = select(delivered.c.position).where(delivered.c.consumer == name)
        with self.reading() as connection:
            return list(connection.scalars(query.order_by(delivered.c.n)))

    def seen(self, name: str) -> Seen | None:
        """What is stored of a consumer; None when it never ran."""
        rows, letters = schema.consumers.c, schema.dead_letters.c
        shards = select(rows.position, rows.status).where(rows.name == name).order_by(rows.shard)
        given_up = select(letters.position, letters.status, letters.next_attempt_at)
        with self.reading() as connection:
            stored = connection.execute(shards).all()
            found = connection.execute(given_up.where(letters.consumer == name)).all()
        if not stored:
            return None
        return Seen(
            positions=[position for position, _ in stored],
            faulted=[status == "faulted" for _, status in stored],
            letters={position: status for position, status, _ in found},
            due=frozenset(position for position, _, at in found if at is not None),
        )

    def replace_snapshots(self, states: Mapping[str, bytes]) -> None:
        """By those of a history that a restored backup undid: their last events are not there."""
        columns, nowhere = schema.snapshots.c, self.store.database.dialect.id_value(uuid4())
        with self.store.engine.begin() as connection:
            for kind, state in states.items():
                strange = {"state": state, "last_event_id": nowhere, "codec": "json"}
                of_kind = columns.owner_kind == kind
                connection.execute(update(schema.snapshots).where(of_kind).values(**strange))

    # -- what is stored ----------------------------------------------------------------

    def reading(self) -> Any:
        """A connection that waits for nobody."""
        return self.store.engine.execution_options(sourcery_read_only=True).connect()

    def log(self) -> list[Recorded[Any]]:
        """All that is committed."""
        return list(self.store.read(unsettled=True))

    def outbox(self) -> list[tuple[int, UUID]]:
        """Positions and ids of all messages, in order."""
        columns = schema.outbox.c
        query = select(columns.position, columns.message_id).order_by(columns.position)
        with self.reading() as connection:
            return [(row[0], UUID(str(row[1]))) for row in connection.execute(query)]

    def accepted(self) -> set[tuple[str, str]]:
        """The inbox, without its marks."""
        columns = schema.inbox.c
        with self.reading() as connection:
            rows = connection.execute(select(columns.consumer, columns.message_id))
            return {(row[0], row[1]) for row in rows if row[1]}

    def notes(self) -> Counter[str]:
        """The caller's rows."""
        with self.reading() as connection:
            return Counter(connection.scalars(select(notes.c.text)))


def note(connection: Connection | Any, text: str) -> None:
    """Write one of the caller's rows."""
    connection.execute(insert(notes).values(text=text))


def policy(then: Any, retries: int) -> ErrorPolicy:
    """One that does not keep a history waiting."""
    return ErrorPolicy(then, retries=retries, wait=_AT_ONCE, longest_wait=_AT_ONCE)


def open_world(database: Database) -> Any:
    """A store with mappings and snapshots of everything."""
    return open_bank(database, snapshot=every(2), messages=[withdrawals])


#: Before any message was accepted.
LONG_AGO: Final = datetime(2001, 1, 1, tzinfo=UTC)
