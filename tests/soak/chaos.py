"""What is done to the processes of the soak, to their connections, and to the consumers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Final

from attrs import define, field
from sqlalchemy import text

from sourcery import Consumer, EventStore
from sourcery.errors import RequestUnanswered
from tests.delivery.target import BrokerTarget
from tests.faults.fleet import Worker
from tests.soak.shop import sums
from tests.soak.working import LEASE

#: Any connection of a process of ours that is harmed; the steady ones are let alone.
_END_ONE: Final = text(
    "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity"
    " where datname = current_database() and application_name like 'soak-victim-%'"
    " order by random() limit 1) victims"
)


@define(eq=False)
class Chaos:
    """One harm after another, by chance."""

    store: EventStore
    target: BrokerTarget
    #: Processes that may be harmed.
    victims: list[Worker]
    random: Random
    done: Counter[str] = field(factory=Counter[str])
    #: Version of the read model that serves.
    serving: int = 0

    def rage(self, seconds: float, pause: float) -> None:
        """Harm for so long, with a rest between two harms; each kind at least once."""
        harms = [self.kill, self.freeze, self.cut_off, self.cut_wire, self.pause, self.release]
        left: list[Callable[[], None]] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until or left or not self.done:
            if not left:
                left = self.random.sample(harms, len(harms))
            harm = left.pop()
            harm()
            self.done[harm.__name__] += 1
            self.retry()
            time.sleep(self.random.uniform(0, 2 * pause))

    def kill(self) -> None:
        """End a process with SIGKILL; it begins anew at once."""
        victim = self.random.choice(self.victims)
        assert victim.is_alive, f"{victim.spec} ended by itself"
        victim.kill()
        victim.restart()

    def freeze(self) -> None:
        """Stop a process past its lease, so that another takes over, and let it go on."""
        victim = self.random.choice(self.victims)
        victim.freeze()
        time.sleep(LEASE * 1.5)
        victim.thaw()

    def cut_off(self) -> None:
        """End a connection at the server."""
        with self.store.engine.begin() as connection:
            connection.execute(_END_ONE)

    def cut_wire(self) -> None:
        """Break the way to the broker, in the middle of what is sent next."""
        self.target.wire.cut_after(self.random.randrange(1, 2000), "there")

    def pause(self) -> None:
        """A consumer, for a moment."""
        consumer = Consumer(self.store, self.random.choice(["balances", "manager"]))
        with suppress(RequestUnanswered):  # its owner was killed: it obeys later
            consumer.pause(timeout=2 * LEASE)
        with suppress(RequestUnanswered):
            consumer.resume(timeout=2 * LEASE)

    def retry(self) -> None:
        """Have the letters handled again, of the consumer that parks."""
        with suppress(RequestUnanswered):
            Consumer(self.store, "flaky").retry(timeout=2 * LEASE)

    def release(self) -> None:
        """Build the next version of the read model, compare it, switch to it, drop the old."""
        fresh = sums(self.store, self.serving + 1)
        fresh.build()
        if self.serving:
            old = sums(self.store, self.serving)
            found = fresh.compare(old)
            assert found.is_equal, found
        fresh.switch(timeout=30.0)
        if self.serving:
            old.drop()
        self.serving += 1
