"""Workers that come and go, some of which hang, while others write: a shift of a crew.

What is right afterwards: every event once, in order per stream, and never two workers in one
shard at one time. With the fence or the leases switched off the same shift must go wrong.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from threading import Event
from typing import Any, Final

from attrs import define, field
from sqlalchemy.exc import DBAPIError

from sourcery import EventStore, Recorded, UnitOfWork
from sourcery.testing.conformance.crew.handling import Handled, overlaps
from sourcery.testing.conformance.crew.members import Crew, Member
from sourcery.testing.conformance.crew.model import Outcome, outcome_of, see
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.support import append

SHARDS: Final = 4
#: Short enough for many lives of a worker in a test.
LEASE: Final = 0.5
#: Workers in one shift: each has connections until the end.
MOST: Final = 24
#: Seconds after which what was waited for does not come any more.
PATIENCE: Final = 60.0
#: How long a worker hangs that does, which its lease does not survive.
HANG: Final = 1.2


@define
class Shift:
    """Hires and dismisses workers under a load of writes."""

    store: EventStore
    crew: Crew
    seconds: float = 2.0
    #: Whether some of the workers hang for longer than their lease.
    hanging: bool = False
    #: Seconds that each event takes.
    lingering: float = 0.0
    random: Random = field(factory=lambda: Random(1))
    #: Workers that were hired, and that hung.
    hired: int = 0
    hung: int = 0
    _over: Event = field(factory=Event)

    def work(self, until: Callable[[], object] = lambda: True) -> Outcome:
        """Let them come and go, at least until something is so, then handle what is left."""
        with ThreadPoolExecutor(2) as threads:
            writers = [threads.submit(self._write, Random(n)) for n in range(2)]
            try:
                self._come_and_go(until)
            finally:
                self._over.set()
            for writer in writers:
                writer.result()
        for member in self.crew.members:
            member.stop()
        self._drain()
        return outcome_of(self.store)

    def _come_and_go(self, until: Callable[[], object]) -> None:
        """About every second somebody comes, and somebody goes."""
        began = time.monotonic()
        working = [self._hire() for _ in range(3)]
        while (took := time.monotonic() - began) < PATIENCE:
            with suppress(DBAPIError):  # SQLite is busy: look again
                if took > self.seconds and until():
                    break
            self._over.wait(0.3)
            if self.hired < MOST:
                working.append(self._hire())
                working.pop(self.random.randrange(len(working) - 1)).subscriber.stop()

    def _hire(self) -> Member:
        self.hired += 1
        hangs = self.hanging and self.hired % 2 == 0
        member = self.crew.hire(
            self._hang_once() if hangs else self._linger,
            late_work=see,
            shards=SHARDS,
            page=20,
            lease=LEASE,
            page_timeout=0.2 if hangs else 30.0,
        )
        return member.start()

    def _linger(self, uow: UnitOfWork, recorded: Recorded[Happened]) -> None:
        if self.lingering:
            Event().wait(self.lingering)

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
        last.subscriber.drain(PATIENCE)

    @property
    def meetings(self) -> list[tuple[Handled, Handled]]:
        """Calls of two workers in one shard at one time."""
        return overlaps(self.crew.handled, SHARDS)
