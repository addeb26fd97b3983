"""Relays: consumers that send what is in the outbox, or in the event log, to a broker.

    Relay(store, publisher, topics=["payments"]).run(stop)

Every message is sent at least once, in order per key. Nothing is sent while a transaction is
open, and what became of a page is stored together with the checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from threading import Event
from typing import Self, TypeVar

from typing_extensions import TypeForm, Unpack

from sourcery.messages import Publisher
from sourcery.outgoing import Given
from sourcery.recorded import Recorded
from sourcery.relay.events import EventsPlan
from sourcery.relay.plan import OutboxPlan, Plan
from sourcery.relay.settings import PAGE, RelayOptions, check_topics, relay_name, relay_policy
from sourcery.retention import KEPT, check_age
from sourcery.selection import check_call, check_stop
from sourcery.start import ORIGIN, Start
from sourcery.store import EventStore, check_store
from sourcery.worker import Action, ErrorPolicy, Settings, Worker

E = TypeVar("E")


class Relay:
    """Sends the messages of the outbox by a publisher, at least once, in order per key.

    Each topic is a consumer of its own, named `name:topic`, that begins at the origin: two
    relays of other names never share a cursor, and a topic that comes later loses nothing. Any
    number of processes may run the same name; with `shards` greater than 1 they share each
    topic's keys. `Consumer(store, "relay:payments")` sees and steers one topic.

    A message that fails blocks its key alone: it is tried again with growing waits, its later
    ones wait behind it in order, others flow. When its attempts are spent `on_error` decides:
    `park` it as a dead letter (the default), `stop` the shard, or `skip` it. One that the broker
    refuses for good is given up at once. While the broker is out of reach the shard waits,
    probes, and spends no attempt.

    After a crash between sending and storing, the same messages come again with the same ids.
    The publisher is used by the thread that runs, and closed at the end of each run. While it
    runs it needs three connections of the engine's pool, however many topics it has.
    """

    def __init__(  # noqa: PLR0913 - each is one setting, none needs another
        self,
        store: EventStore,
        publisher: Publisher,
        *,
        name: str = "relay",
        topics: Iterable[str] | None = None,
        shards: int = 1,
        on_error: ErrorPolicy | Action = "park",
        page: int = PAGE,
        lease: float = 30.0,
        page_timeout: float = 300.0,
        interval: float = 0.05,
        longest_interval: float = 1.0,
        keep: timedelta | None = KEPT,
        on_caught_up: Callable[[], object] | None = None,
    ) -> None:
        """Declare the relay; nothing connects before it runs.

        `topics` are those it sends, by default all there are: new ones are looked for once a
        second. `page` is the number of messages read, and at most sent, at once. `lease`
        seconds after its last sign of life a relay is replaced; it must be longer than the
        publisher's `timeout`. `on_error` as a word means 20 attempts, 1 second apart and then
        twice as long each time, up to 5 minutes; an `ErrorPolicy` says its own. Messages that
        every relay of their topic has sent are deleted when they are older than `keep`, in a
        while without anything to send; None keeps them. The others are as in `Subscriber`.
        Raises `InvalidArgument` and `InvalidName`.
        """
        check_store(store)
        settings = Settings(
            page=page,
            lease=lease,
            page_timeout=page_timeout,
            interval=interval,
            longest_interval=longest_interval,
            policy=relay_policy(on_error),
        )
        check_call("on_caught_up", on_caught_up)
        plan = OutboxPlan(
            store=store,
            publisher=publisher,
            name=relay_name(name),
            settings=settings,
            shards=shards,
            topics=check_topics(topics),
            keep=None if keep is None else check_age("keep", keep),
            on_caught_up=on_caught_up,
        )
        self._be(plan)

    @classmethod
    def of_events(
        cls,
        store: EventStore,
        publisher: Publisher,
        mapping: Callable[[Recorded[E]], Given],
        *,
        events: TypeForm[E],
        name: str,
        categories: Iterable[str] = (),
        after: Start = ORIGIN,
        **options: Unpack[RelayOptions],
    ) -> Self:
        """A relay that sends what a mapping makes of events, without any outbox rows.

        It is a consumer `name` of the event log. `mapping(recorded)` gives an `Outgoing`,
        several, or None; it decides by its argument alone, since an event may be mapped again.
        Order is kept, and what fails is blocked, per stream. The id of an event's first message
        is the event's own; those of others follow from it. `after` is where it begins at its
        first start; `events`, `categories` and the rest are as in `Subscriber` and `Relay`.
        """
        check_store(store)
        self = cls.__new__(cls)
        self._be(EventsPlan.of(store, publisher, mapping, events, name, categories, after, options))
        return self

    def _be(self, plan: Plan) -> None:
        self._plan = plan
        self._worker: Worker = Worker(plan.store, plan.settings, plan.begin, "relay")

    @property
    def name(self) -> str:
        """The relay's name; its consumers' begin with it."""
        return self._plan.name

    def run(self, stop: Event | None = None) -> None:
        """Send until `stop` is set or `stop()` is called; both end a wait at once.

        The batch in hand is finished and stored; leases are given back. A database or a broker
        that is not there is waited for. Raises a `ConfigurationError` when the program and the
        stored consumers do not fit, `ConsumerDamaged` when their rows were deleted meanwhile,
        `StoreClosed` when the store was closed.
        """
        check_stop(stop)
        self._worker.run(stop)

    def run_once(self) -> int:
        """Send at most one page of each shard that can be had, without waiting.

        The number of messages sent; in a relay of events that of events. Raises
        `ConsumerFailed` when a shard stands still.
        """
        return self._worker.run_once()

    def drain(self, timeout: float | None = None) -> int:
        """Send until everything that is settled by now is sent or given up, by whichever relay.

        The number of messages sent here. Waits out the waits of messages that fail, and an
        outage of the broker. Raises `ConsumerFailed` when a shard stands still, and
        `WaitTimeout` after `timeout` seconds.
        """
        return self._worker.drain(timeout)

    def stop(self) -> None:
        """End `run` or `drain` from another thread, as its `stop` event does."""
        self._worker.stop()
