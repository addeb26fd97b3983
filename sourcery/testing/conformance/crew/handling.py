"""A handler that remembers what it was given, when, and by whom, and that can be held up."""

import time
from collections.abc import Callable
from threading import Event

from attrs import define, field, frozen

from sourcery import Recorded, Stream, UnitOfWork
from sourcery.stream import bucket_of
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.support import DEADLINE

Work = Callable[[UnitOfWork, Recorded[Happened]], object]


@frozen
class Handled:
    """One call of the handler."""

    worker: str
    stream: Stream
    version: int
    #: By the monotonic clock, which all processes of the machine share.
    began: float
    ended: float

    def shard(self, shards: int) -> int:
        """The shard that the event falls into."""
        return bucket_of(self.stream.key) % shards


@define(eq=False)
class Handling:
    """The handler of one worker. It does its work, and hangs if it was told to."""

    worker: str
    #: Shared by all workers of a test; also of calls whose page was rolled back.
    handled: list[Handled] = field(factory=list[Handled])
    #: What it does, before and after it may hang.
    work: Work | None = None
    late_work: Work | None = None
    _held: Event | None = None
    _inside: Event = field(factory=Event)

    def __call__(self, uow: UnitOfWork, recorded: Recorded[Happened]) -> None:
        began = time.monotonic()
        if self.work is not None:
            self.work(uow, recorded)
        if self._held is not None:
            held = self._held
            self._inside.set()
            assert held.wait(DEADLINE), "nobody let the handler go on"
        if self.late_work is not None:
            self.late_work(uow, recorded)
        ended = time.monotonic()
        stream, version = recorded.stream, recorded.version
        self.handled.append(Handled(self.worker, stream, version, began, ended))

    def hold(self) -> None:
        """Hang in the next call, until `let_go`."""
        self._inside.clear()
        self._held = Event()

    @property
    def is_held(self) -> bool:
        """Whether it hangs."""
        return self._inside.is_set()

    def let_go(self) -> None:
        """Hang no more."""
        held, self._held = self._held, None
        if held is not None:
            held.set()


def overlaps(handled: list[Handled], shards: int) -> list[tuple[Handled, Handled]]:
    """Pairs of calls by two workers at one time in one shard: what a lease is there to prevent."""
    found: list[tuple[Handled, Handled]] = []
    for shard in range(shards):
        calls = sorted((h for h in handled if h.shard(shards) == shard), key=lambda h: h.began)
        for n, call in enumerate(calls):
            for later in calls[n + 1 :]:
                if later.began >= call.ended:
                    break
                if later.worker != call.worker:
                    found.append((call, later))
    return found
