"""What a worker is to do: one consumer, as its program declares it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from attrs import frozen

from sourcery.consumers import ConsumerSpec
from sourcery.dialects import Dialect
from sourcery.start import Start
from sourcery.store import EventStore
from sourcery.worker.means import Means
from sourcery.worker.settings import Settings
from sourcery.worker.shard import Shard
from sourcery.worker.source import Source


class Turns(Protocol):
    """What is done with the rows of a shard."""

    def turn(self, shard: Shard, *, force: bool) -> bool:
        """Do one page and what is due; whether there was anything to do.

        `force` writes the checkpoint at once. Raises `LeaseLost` and `Unreachable`; whatever
        fails beside that is dealt with.
        """
        ...


@frozen(kw_only=True, eq=False)
class Job:
    """A consumer: what it reads, from where, and what is done with it."""

    store: EventStore
    spec: ConsumerSpec
    source: Source
    #: Made anew for each run.
    turns: TurnsFactory
    #: Where it begins, at its first start.
    start: Start
    settings: Settings
    #: Whether what is done takes effect outside the database, which no copy of it may repeat.
    has_effects: bool = False
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


TurnsFactory: TypeAlias = Callable[[Job, Means], Turns]
