"""The event store: one database, how its events are coded, and reading them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

from sqlalchemy import URL, Engine
from sqlalchemy.orm import sessionmaker

from sourcery.aggregate import Aggregate, aggregate_type
from sourcery.arguments import check_flag, is_several
from sourcery.cloning import adopt
from sourcery.codec import Codec, Decoder, JsonCodec, Upcaster, Upcasters
from sourcery.database import Database
from sourcery.errors import InvalidArgument
from sourcery.events import event_classes, unique_kinds
from sourcery.logs import Logs
from sourcery.mapping import Mappings
from sourcery.observing import Observer, Observers
from sourcery.outgoing import MessageMapping
from sourcery.policy import Policy, check_policy
from sourcery.snapshots import Keeper, SnapshotStore, SqlSnapshots
from sourcery.stream import check_name
from sourcery.token import Token

Clock = Callable[[], datetime]
T = TypeVar("T")

#: Characters of the name of an environment.
_ENVIRONMENT: Final = 100


class EventStore(Logs):
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
        observers: Iterable[Observer] = (),
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
        store write into the outbox with their events. `observers` are told of each append, page and
        batch of messages. Raises `DefinitionError` for a kind
        declared twice and for a class that cannot be stored, `UnknownDatabase` for a database
        without a dialect.
        """
        check_flag("notify", notify)
        self.codec: Codec = JsonCodec() if codec is None else _codec(codec)
        self.clock = clock
        self.observers: Observers = Observers.of(observers)
        self.mappings: Mappings = Mappings.of(self.codec, _several("messages", messages))
        self._upcasters = Upcasters(_several("upcasters", upcasters))
        self._decoders: dict[tuple[type[Any], ...], Decoder] = {}
        aggregates = _several("aggregates", aggregates)
        self._declared = _declared(aggregates, events)
        self.decoder(self._declared)
        policy = None if snapshot is None else check_policy(snapshot)
        self.keeper: Keeper = Keeper(_snapshot_store(snapshot_store), policy)
        for aggregate in aggregates:
            self.keeper.slot(aggregate)
        self.database: Database = Database(
            database, _environment(environment), notify=notify, exact_clock=clock is not None
        )

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, for sessions of your own on the same database."""
        return self.database.engine

    def upgrade(self, *, append_only: bool | None = None) -> None:
        """Create or upgrade our tables, as `alembic upgrade head` does. Commits.

        Several processes may call it at once: one upgrades, the others wait. With `append_only`
        triggers make the database itself refuse UPDATE and DELETE of events, and TRUNCATE where
        it can; False removes them, and None leaves it as it is, through every upgrade. Raises
        `PrivilegeMissing` for a user who may not do that, and `UpgradeBlocked`.
        """
        from sourcery.upgrade import upgrade

        self.database.refuse_closed()
        upgrade(self.engine, append_only=append_only)

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
        """The position at or below which nothing can still appear.

        Raises `StandbyRefused` on a standby, which cannot tell.
        """
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


def check_store(store: object) -> None:
    """Raise `InvalidArgument` for what is no store, such as the URL or engine one is made of."""
    if not isinstance(store, EventStore):
        problem = f"must be an EventStore, not {type(store).__name__}: make one, EventStore(url)"
        raise InvalidArgument("store", problem)


def _several(name: str, given: Iterable[T]) -> tuple[T, ...]:
    if not is_several(given):
        raise InvalidArgument(name, "takes several: write them in a list")
    return tuple(given)


def _codec(given: object) -> Codec:
    methods = [getattr(given, name, None) for name in ("dumps", "reader", "structurer", "parse")]
    if isinstance(given, type) or not all(map(callable, methods)):
        raise InvalidArgument("codec", "must be JsonCodec(), MsgspecCodec(), or your Codec")
    return cast(Codec, given)


def _environment(given: object) -> str | None:
    """An empty name comes of a variable that was not set, and would be written down for good."""
    return None if given is None else check_name("environment", given, _ENVIRONMENT)


def _snapshot_store(given: object) -> SnapshotStore:
    if given is None:
        return SqlSnapshots()
    methods = [getattr(given, name, None) for name in ("find", "offer", "remove")]
    if isinstance(given, type) or not all(map(callable, methods)):
        problem = "must be SqlSnapshots(), MemorySnapshots(), NoSnapshots(), or your SnapshotStore"
        raise InvalidArgument("snapshot_store", problem)
    return cast(SnapshotStore, given)


def _declared(aggregates: Iterable[type[Aggregate[Any]]], events: object) -> tuple[type[Any], ...]:
    """All declared classes, each once; one kind for two classes is a `DefinitionError`."""
    classes = [c for aggregate in aggregates for c in aggregate_type(aggregate).classes]
    several = isinstance(events, list | tuple | set | frozenset)
    unions = cast(Iterable[object], events) if several else (events,)
    classes += [c for union in unions for c in event_classes(union, "EventStore")]
    return unique_kinds(tuple(dict.fromkeys(classes)), "EventStore")
