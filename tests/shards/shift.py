"""Workers that come and go, some of which hang, while others write: a shift of a crew.

What is right afterwards: every event once, in order per stream, and never two workers in one
shard at one time. With the fence or the leases switched off the same shift must go wrong.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event
from typing import Any, Final

from attrs import define, field

from sourcery import EventStore, Recorded, UnitOfWork
from tests.ordering.happened import Happened
from tests.ordering.support import DEADLINE, append
from tests.shards.crew import Crew, Member
from tests.shards.handling import Handled, overlaps
from tests.shards.model import Outcome, outcome_of, see

SHARDS: Final = 4
#: Short enough for many lives of a worker in a test.
LEASE: Final = 0.5
#: How long a worker hangs that does, which its lease does not survive.
HANG: Final = 1.2


@define
class Shift:
    """Hires and dismisses workers under a load of writes."""

    store: EventStore
    crew: Crew
    seconds: float = 4.0
    #: Whether some of the workers hang for longer than their lease.
    hanging: bool = False
    random: Random = field(factory=lambda: Random(1))
    #: Workers that were hired, and that hung.
    hired: int = 0
    hung: int = 0
    _over: Event = field(factory=Event)

    def work(self) -> Outcome:
        """Let them come and go, then handle what is left."""
        with ThreadPoolExecutor(2) as threads:
            writers = [threads.submit(self._write, Random(n)) for n in range(2)]
            self._come_and_go()
            self._over.set()
            for writer in writers:
                writer.result()
        for member in self.crew.members:
            member.stop()
        self._drain()
        return outcome_of(self.store)

    def _come_and_go(self) -> None:
        """About every second somebody comes, and somebody goes."""
        deadline = time.monotonic() + self.seconds
        working = [self._hire() for _ in range(3)]
        while time.monotonic() < deadline:
            self._over.wait(0.3)
            working.append(self._hire())
            working.pop(self.random.randrange(len(working) - 1)).subscriber.stop()

    def _hire(self) -> Member:
        self.hired += 1
        hangs = self.hanging and self.hired % 2 == 0
        member = self.crew.hire(
            self._hang_once() if hangs else None,
            late_work=see,
            shards=SHARDS,
            page=20,
            lease=LEASE,
            page_timeout=0.2 if hangs else 30.0,
        )
        return member.start()

    def _hang_once(self) -> Any:
        left = [HANG]

        def hang(uow: UnitOfWork, recorded: Recorded[Happened]) -> None:
            if left:
                self.hung += 1
                Event().wait(left.pop())

        return hang

    def _write(self, random: Random) -> None:
        while not self._over.is_set():
            append(self.store, random.randrange(12), random.randint(1, 4))
            self._over.wait(random.uniform(0, 0.02))

    def _drain(self) -> None:
        last = self.crew.hire(late_work=see, shards=SHARDS)
        last.subscriber.drain(DEADLINE)

    @property
    def meetings(self) -> list[tuple[Handled, Handled]]:
        """Calls of two workers in one shard at one time."""
        return overlaps(self.crew.handled, SHARDS)
