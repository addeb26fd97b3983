"""Subscribers: named consumers of the event log, with a checkpoint that survives everything.

    def balances(uow: UnitOfWork, recorded: Recorded[AccountEvent]) -> None:
        uow.session.execute(...)                      # your read model

    Subscriber(store, "balances", balances, events=AccountEvent).run(stop)

A page of events is one unit of work, and commits with the checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from threading import Event
from typing import Any, Literal, TypedDict, TypeVar, overload

from typing_extensions import TypeForm, Unpack

from sourcery.consumers import EVENTS, ConsumerSpec, rows_of
from sourcery.consumers.filters import EventFilter
from sourcery.events import event_type
from sourcery.log import PAGE, Query
from sourcery.recorded import Recorded
from sourcery.selection import check_call, check_categories, check_start, check_stop
from sourcery.start import ORIGIN, Start
from sourcery.store import EventStore, check_store
from sourcery.unit_of_work import UnitOfWork
from sourcery.worker import (
    Action,
    ErrorPolicy,
    EventSource,
    Handling,
    Job,
    Rounds,
    Settings,
    Worker,
    delivery_of,
    error_policy,
)

E = TypeVar("E")


class Tuning(TypedDict, total=False):
    """How a consumer works; the constructor of `Subscriber` says what each means."""

    categories: Iterable[str]
    shards: int
    on_error: ErrorPolicy | Action
    page: int
    lease: float
    page_timeout: float
    interval: float
    longest_interval: float
    on_caught_up: Callable[[], object] | None


class Options(Tuning, total=False):
    """What else a `Subscriber` takes."""

    after: Start


class Subscriber:
    """A named consumer: hands every event to a handler, in order, and remembers how far it is.

    `handler(uow, recorded)` runs inside a unit of work that also moves the checkpoint: rows
    written through `uow.session`, aggregates changed through `uow.get`, messages published
    through `uow.publish` commit with it or not at all, so each event takes effect exactly once
    in this database. Up to a page of events share one transaction. With `batch=True` the
    handler is called once per page, with a list. With `effects=True` it is
    `handler(recorded)`, called without a transaction, for effects outside the database: each
    event at least once, since a process may end between the effect and the checkpoint.

    Any number of processes may run the same name: one owns a shard at a time, by a lease.
    With `shards` greater than 1 several work at once, and order is kept per stream. While it
    runs it needs three connections of the engine's pool, however many shards it has: for pages,
    for leases, and for a moment to read; more when the handler opens some of its own.

    The consumer is stored at its first start: `after` decides where it begins (exclusive; a
    position, `ORIGIN`, `NOW`, or an aware time) and counts only then. Later starts with other
    `shards` or another filter (`events`, `categories`) raise `ConsumerMismatch`.
    """

    @overload
    def __init__(
        self,
        store: EventStore,
        name: str,
        handler: Callable[[UnitOfWork, Recorded[E]], object],
        *,
        events: TypeForm[E],
        batch: Literal[False] = False,
        effects: Literal[False] = False,
        **options: Unpack[Options],
    ) -> None: ...

    @overload
    def __init__(
        self,
        store: EventStore,
        name: str,
        handler: Callable[[UnitOfWork, Sequence[Recorded[E]]], object],
        *,
        events: TypeForm[E],
        batch: Literal[True],
        effects: Literal[False] = False,
        **options: Unpack[Options],
    ) -> None: ...

    @overload
    def __init__(
        self,
        store: EventStore,
        name: str,
        handler: Callable[[Recorded[E]], object],
        *,
        events: TypeForm[E],
        batch: Literal[False] = False,
        effects: Literal[True],
        **options: Unpack[Options],
    ) -> None: ...

    def __init__(  # noqa: PLR0913 - each is one setting, none needs another
        self,
        store: EventStore,
        name: str,
        handler: Callable[..., object],
        *,
        events: Any,
        batch: bool = False,
        effects: bool = False,
        categories: Iterable[str] = (),
        after: Start = ORIGIN,
        shards: int = 1,
        on_error: ErrorPolicy | Action = "stop",
        page: int = PAGE,
        lease: float = 30.0,
        page_timeout: float = 300.0,
        interval: float = 0.05,
        longest_interval: float = 1.0,
        on_caught_up: Callable[[], object] | None = None,
    ) -> None:
        """Declare the consumer; nothing connects before it runs.

        `page` is the number of events read at once and handled in one transaction; it also
        ends after a second of handling, and after an event whose handler appended or
        published. `lease` seconds after its last sign of life a worker is replaced; a worker
        whose loop has not turned for `page_timeout` seconds gives no more sign of life. When
        nothing comes it looks again after `interval` seconds, then less and less often, down
        to `longest_interval`. `on_error` is what follows a failing handler: see `ErrorPolicy`.
        `on_caught_up` is called once per run, when every shard owned has reached the end.
        """
        check_store(store)
        classes = store.wanted(events, "Subscriber")
        decoder = store.decoder(classes)
        names = check_categories(None, categories)
        check_start(after)
        check_call("on_caught_up", on_caught_up)
        spec = ConsumerSpec(
            name=name, log=EVENTS, shards=shards, filter=filter_text(classes, names)
        )
        settings = Settings(
            page=page,
            lease=lease,
            page_timeout=page_timeout,
            interval=interval,
            longest_interval=longest_interval,
            policy=error_policy(on_error),
        )
        query = Query(kinds=tuple(sorted(decoder.kinds)), categories=names)
        delivery = delivery_of(handler, batch=batch, effects=effects)
        job = Job(
            store=store,
            spec=spec,
            source=EventSource(query),
            turns=Handling(decoder, delivery),
            start=after,
            settings=settings,
            has_effects=effects,
            on_caught_up=on_caught_up,
        )
        self._name = spec.name
        self._spec = spec
        self._store = store
        self._worker: Worker = Worker(store, settings, partial(Rounds, job))

    @property
    def name(self) -> str:
        """The consumer's name."""
        return self._name

    def check(self) -> None:
        """Raise `ConsumerMismatch` when what is stored under its name is another consumer.

        As `run` would. Only reads; a consumer that has never run fits.
        """
        database = self._store.database
        with database.reading() as connection:
            rows = rows_of(connection, database.dialect, self._name)
        if rows:
            self._spec.check(rows[0])

    def run(self, stop: Event | None = None) -> None:
        """Work until `stop` is set or `stop()` is called; both end a wait at once.

        The event in hand is finished and its page committed; leases are given back. A lost
        connection or a restarted server is waited for. A handler that fails for good makes its
        shard stand still (`on_error="stop"`): it is logged, and health shows it; `run` goes on,
        so that `Consumer(store, name).resume()` from any process continues it.

        Raises a `ConfigurationError` when the program and the stored consumer do not fit, one of
        which is `EventAhead`, at an event of a newer program than this: all before it is handled;
        `ConsumerDamaged` when its rows were deleted meanwhile, `StoreCloned` with `effects=True` in
        a copy of the database, `StoreRewound` when history was lost, `StoreClosed` when the store
        was closed, `InvalidArgument` for a start beyond the log.
        """
        check_stop(stop)
        self._worker.run(stop)

    def run_once(self) -> int:
        """Handle at most one page of each shard that can be had, without waiting.

        The number of events handled. Raises `ConsumerFailed` when a shard stands still.
        """
        return self._worker.run_once()

    def drain(self, timeout: float | None = None) -> int:
        """Work until everything that is settled by now is handled, by whichever worker.

        For tests and jobs; the number of events handled here. Waits out the back-off of failing
        events, with the default policy a quarter of a minute. Raises `ConsumerFailed` when a
        shard stands still, caused by the handler's error, and `WaitTimeout` after `timeout`
        seconds.
        """
        return self._worker.drain(timeout)

    def stop(self) -> None:
        """End `run` or `drain` from another thread, as its `stop` event does."""
        self._worker.stop()


def filter_text(classes: Iterable[type[Any]], categories: Iterable[str]) -> str:
    """A filter as it is stored and compared: the kinds of the classes, not of their past."""
    return EventFilter(
        kinds=[event_type(cls).kind for cls in classes], categories=categories
    ).to_json()
