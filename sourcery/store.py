"""The event store: one database, how its events are coded, and reading them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from threading import Event
from types import TracebackType
from typing import Any, Self, TypeVar, cast, overload

from sqlalchemy import URL, Engine
from sqlalchemy.orm import sessionmaker
from typing_extensions import TypeForm, Unpack

from sourcery.aggregate import Aggregate, aggregate_type
from sourcery.cloning import adopt
from sourcery.codec import Codec, Decoder, JsonCodec, Upcaster, Upcasters
from sourcery.database import Database
from sourcery.errors import InvalidArgument
from sourcery.events import event_classes, unique_kinds
from sourcery.log import Query
from sourcery.mapping import Mappings
from sourcery.outgoing import MessageMapping
from sourcery.policy import Policy, check_policy
from sourcery.reading import read_events
from sourcery.recorded import Recorded
from sourcery.selection import (
    ReadOptions,
    Selection,
    SubscribeOptions,
    bounds,
    check_categories,
)
from sourcery.snapshots import Keeper, SnapshotStore, SqlSnapshots
from sourcery.start import ORIGIN, Start
from sourcery.states import States
from sourcery.stream import Stream
from sourcery.subscription import Subscription
from sourcery.token import Token

E = TypeVar("E")

Clock = Callable[[], datetime]


class EventStore(States):
    """Opens a database and reads its events; a `UnitOfWork` writes them.

    `database` is a URL, your own Engine or your own sessionmaker; what is yours is used as
    it is and never closed. `EventStore("sqlite://")` is a private temporary database that
    works across threads and goes away with the store.

    Nothing connects until the first use. That use checks the schema once and raises
    `SchemaMissing`, `SchemaBehind`, `SchemaAhead`, `DatabaseMisconfigured`, `StoreRewound` or
    `WrongEnvironment`. A store is shared by threads, not across a fork.
    """

    def __init__(  # noqa: PLR0913 - each is one setting, none needs another
        self,
        database: str | URL | Engine | sessionmaker[Any],
        *,
        aggregates: Iterable[type[Aggregate[Any]]] = (),
        events: object = (),
        upcasters: Iterable[Upcaster] = (),
        codec: Codec | None = None,
        clock: Clock | None = None,
        environment: str | None = None,
        notify: bool = True,
        snapshot: Policy | None = None,
        snapshot_store: SnapshotStore | None = None,
        messages: Iterable[MessageMapping[Any]] = (),
    ) -> None:
        """Declare the events for reads that name none.

        `aggregates` are aggregate classes; `events` a union of further event classes, or a list
        of such.
        `clock` gives `recorded_at`, an aware datetime, instead of the database's clock.
        `environment` ("production") is written into the database by the first store that
        names one and compared from then on. `notify` wakes readers in other processes after
        a commit (PostgreSQL: a connection that notifies, and one that listens while somebody
        waits); without it, as behind a pooler that hands on connections between transactions,
        they find out when they look again. `snapshot` is the policy of classes that declare none,
        `snapshot_store` where snapshots are kept: `SqlSnapshots()`, in the database, unless
        another is given. `messages` are mappings made by `@outgoing`: what units of work of this
        store write into the outbox with their events. Raises `DefinitionError` for a kind
        declared twice and for a class that cannot be stored, `UnknownDatabase` for a database
        without a dialect.
        """
        self.codec: Codec = codec or JsonCodec()
        self.clock = clock
        self.mappings: Mappings = Mappings.of(self.codec, messages)
        self._upcasters = Upcasters(upcasters)
        self._decoders: dict[tuple[type[Any], ...], Decoder] = {}
        aggregates = tuple(aggregates)
        self._declared = _declared(aggregates, events)
        self.decoder(self._declared)
        policy = None if snapshot is None else check_policy(snapshot)
        self.keeper: Keeper = Keeper(snapshot_store or SqlSnapshots(), policy)
        for aggregate in aggregates:
            self.keeper.slot(aggregate)
        self.database: Database = Database(database, environment, notify=notify)

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, for sessions of your own on the same database."""
        return self.database.engine

    def upgrade(self) -> None:
        """Create or upgrade our tables, as `alembic upgrade head` does. Commits.

        Several processes may call it at once: one upgrades, the others wait.
        """
        from sourcery.upgrade import upgrade

        self.database.refuse_closed()
        upgrade(self.engine)

    def repair(self) -> None:
        """After `StoreRewound`, with all writers stopped: go on above every stored position.

        Commits. Tokens made before no longer resolve.
        """
        self.database.repair()

    def adopt(self, *, moved: bool = False) -> bool:
        """After `StoreCloned`: let relays and effect handlers work in this copy. Commits.

        Makes it a store of its own, with a new id: tokens of the original are refused here and
        its own there, its messages come from another source, and whoever names an `environment`
        first claims it. With `moved` the original is no more, and the id stays; tokens from
        before no longer resolve. False, and nothing is written, where the store was set up.
        Do it while nothing else runs on the copy: other programs remember the old id.
        """
        self.database.start()
        return adopt(self.database, moved=moved)

    def settled(self) -> int:
        """The position at or below which nothing can still appear."""
        return self.database.frontier().settled

    def now(self) -> Token:
        """Names everything that is settled by now, to wait for what follows from it."""
        identity = self.database.identity
        return Token(
            store_id=identity.store_id,
            generation=identity.generation,
            first=0,
            last=self.settled(),
        )

    @overload
    def read(
        self,
        stream: Stream | None = None,
        *,
        events: TypeForm[E],
        **options: Unpack[ReadOptions],
    ) -> Iterator[Recorded[E]]: ...

    @overload
    def read(
        self, stream: Stream | None = None, **options: Unpack[ReadOptions]
    ) -> Iterator[Recorded[Any]]: ...

    def read(  # noqa: PLR0913 - each narrows what is read, none needs another
        self,
        stream: Stream | None = None,
        *,
        events: Any = None,
        categories: Iterable[str] = (),
        after: int = 0,
        to: int | None = None,
        from_version: int = 1,
        to_version: int | None = None,
        until: datetime | None = None,
        backward: bool = False,
        limit: int | None = None,
        unsettled: bool = False,
    ) -> Iterator[Recorded[Any]]:
        """Iterate over events in position order, in bounded memory.

        One stream is read to its end, bounded by `from_version` and `to_version` (both
        inclusive). The whole log, or some `categories` of it, is read from `after`
        (exclusive) up to `to` (inclusive), and never past the settled position, so that the
        last position read is a safe place to go on from; `unsettled=True` reads all that is
        committed and is not. `events` is a union of event classes, by default all that the
        store declares; other kinds are passed over. `until` keeps events recorded at or
        before an aware time. `limit` counts stored events.

        Each page is a statement of its own; no transaction stays open between events.
        Raises `DecodeError` at an event that does not fit its class, `StoreRewound` when the
        history that was read is no longer there.
        """
        decoder = self.decoder(self.wanted(events))
        query = Query(
            stream=stream,
            kinds=tuple(sorted(decoder.kinds)),
            categories=check_categories(stream, categories),
            until=until,
            backward=backward,
        )
        above, upto = bounds(stream, after, to, from_version, to_version)
        selection = Selection(query=query, above=above, upto=upto, limit=limit, unsettled=unsettled)
        return read_events(self.database, decoder, selection)

    @overload
    def subscribe(
        self, *, events: TypeForm[E], **options: Unpack[SubscribeOptions]
    ) -> Subscription[E]: ...

    @overload
    def subscribe(self, **options: Unpack[SubscribeOptions]) -> Subscription[Any]: ...

    def subscribe(
        self,
        *,
        after: Start = ORIGIN,
        events: Any = None,
        categories: Iterable[str] = (),
        timeout: float | None = None,
        stop: Event | None = None,
        on_caught_up: Callable[[], object] | None = None,
    ) -> Subscription[Any]:
        """Iterate over the log's events as they settle: those that are there, then new ones.

        Begins after a position, at an aware time, or at `NOW`, which is resolved here: what is
        committed later or not settled yet is delivered. `events` and `categories` select as in
        `read`. Iteration ends after `timeout` seconds without an event, with 0 as soon as no
        event is there, and at once when `stop` is set; iterating again goes on.
        `on_caught_up` is called once, in the iterating thread, when all that was settled is
        handed out. Memory holds a page, and no transaction is open between events. Raises
        `InvalidArgument` for a position beyond the log.
        """
        decoder = self.decoder(self.wanted(events, "subscribe"))
        query = Query(
            kinds=tuple(sorted(decoder.kinds)), categories=check_categories(None, categories)
        )
        return Subscription(
            self.database,
            decoder,
            query,
            after,
            timeout=timeout,
            stop=stop,
            on_caught_up=on_caught_up,
        )

    def wanted(self, events: object, by: str = "read") -> tuple[type[Any], ...]:
        """The classes of a union, or all that the store declares; none is an error."""
        classes = self._declared if events is None else event_classes(events)
        if not classes:
            problem = f"say which: {by}(events=A | B), or EventStore(..., aggregates=[...])"
            raise InvalidArgument("events", problem)
        return classes

    def stored_kinds(self, kinds: Iterable[str]) -> frozenset[str]:
        """The kinds that are asked of the database to read these: older names as well."""
        return self._upcasters.sources(kinds)

    def decoder(self, classes: tuple[type[Any], ...]) -> Decoder:
        """How stored rows become these events; made once per union."""
        if classes not in self._decoders:
            self._decoders[classes] = Decoder(self.codec, classes, self._upcasters)
        return self._decoders[classes]

    def close(self) -> None:
        """End our threads and the connections we made. May be called again.

        Whatever uses the store later raises `StoreClosed`, and so does what is running on it:
        subscriptions, subscribers (which give their leases back) and live projections.
        """
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _declared(aggregates: Iterable[type[Aggregate[Any]]], events: object) -> tuple[type[Any], ...]:
    """All declared classes, each once; one kind for two classes is a `DefinitionError`."""
    classes = [c for aggregate in aggregates for c in aggregate_type(aggregate).classes]
    several = isinstance(events, list | tuple | set | frozenset)
    unions = cast(Iterable[object], events) if several else (events,)
    classes += [c for union in unions for c in event_classes(union, "EventStore")]
    return unique_kinds(tuple(dict.fromkeys(classes)), "EventStore")
