"""What a worker is to do: one consumer, as its program declares it."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from sourcery.codec import Decoder
from sourcery.consumers import ConsumerSpec
from sourcery.dialects import Dialect
from sourcery.log import Query
from sourcery.start import Start
from sourcery.store import EventStore
from sourcery.worker.delivery import Delivery
from sourcery.worker.settings import Settings


@frozen(kw_only=True, eq=False)
class Job:
    """A consumer: what it reads, from where, and what is done with it."""

    store: EventStore
    spec: ConsumerSpec
    query: Query
    decoder: Decoder
    delivery: Delivery
    #: Where it begins, at its first start.
    start: Start
    settings: Settings
    #: Called once per run, when every shard owned has reached the end.
    on_caught_up: Callable[[], object] | None = None

    @property
    def name(self) -> str:
        """The consumer's name."""
        return self.spec.name

    @property
    def dialect(self) -> Dialect:
        """The dialect of the store's database."""
        return self.store.database.dialect
