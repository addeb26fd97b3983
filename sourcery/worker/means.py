"""What a worker works with, whatever its consumers: connections, leases' heart, clock, rests."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from uuid import uuid4

from attrs import define, field

from sourcery.database import Database
from sourcery.waiting import Waiting
from sourcery.worker.clock import Clock
from sourcery.worker.frontier import SharedFrontier
from sourcery.worker.heartbeat import Heartbeat
from sourcery.worker.link import Link
from sourcery.worker.settings import Settings


def owner_name() -> str:
    """A name that no other worker has: host, process, and a part that is new each time."""
    return f"{socket.gethostname()[:100]}:{os.getpid()}:{uuid4().hex[:8]}"


@define(eq=False)
class Means:
    """The means of one worker in one thread, for all consumers that it runs."""

    waiting: Waiting
    #: Where pages are written.
    link: Link
    heartbeat: Heartbeat
    frontier: SharedFrontier
    clock: Clock = field(factory=Clock)
    #: Name of this worker, unlike any other's.
    owner: str = field(factory=owner_name)
    #: Called when the run is over.
    at_end: list[Callable[[], object]] = field(factory=list[Callable[[], object]])

    @classmethod
    def of(cls, database: Database, settings: Settings, waiting: Waiting) -> Means:
        """Nothing connects before it is used."""
        heartbeat = Heartbeat(Link(database, singly=True), settings)
        return cls(waiting, Link(database), heartbeat, SharedFrontier(database))

    def close(self) -> None:
        """Let go of the connections, and renew leases no more."""
        self.heartbeat.stop()
        self.link.close()
        for call in self.at_end:
            call()
