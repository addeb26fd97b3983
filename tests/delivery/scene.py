"""Relays at work under load, and what is done to them, their broker and the wire between."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import ceil
from random import Random
from typing import Final

from attrs import define, field

from sourcery import Consumer, EventStore
from tests.delivery.process import Spec
from tests.delivery.target import BrokerTarget, Target
from tests.faults.fleet import Fleet, Worker
from tests.ordering.support import wait_until
from tests.proxy import Way
from tests.relay.account import Account
from tests.relay.support import all_passed, has_rows, row_of
from tests.relay.writer import Writer

#: Kills of relays in each run. `SOURCERY_KILLS=25 pytest tests/delivery` kills more.
KILLS: Final = int(os.environ.get("SOURCERY_KILLS", "4"))
#: What waits behind a failure leaves one by one, which takes its time.
DEADLINE: Final = 180.0
#: Bytes after which something happens at the latest: some batches, and half of one.
_FAR: Final = 8000
#: Acknowledgements are short.
_NEAR: Final = 300


@define(eq=False)
class Scene:
    """Two relays and a writer. What is done happens at random, in the middle of what they do."""

    store: EventStore
    target: Target
    relays: list[Worker]
    writer: Writer
    random: Random = field(factory=lambda: Random(7))

    def linger(self) -> None:
        """Wait until some more bytes were sent."""
        upto = self.target.progress() + self.random.randrange(1, _FAR)
        wait_until(lambda: self.target.progress() >= upto, DEADLINE)

    def kill(self) -> None:
        """`kill -9` a relay; it begins anew at once."""
        self.linger()
        victim = self.random.choice(self.relays)
        victim.kill()
        victim.restart()

    def until_noticed(self) -> None:
        """Wait until relays say that the broker is out of reach."""
        shards = range(self.relays[0].spec.shards)
        name = f"relay:{self.target.topic}"
        wait_until(
            lambda: any(row_of(self.store, name, n).status == "retrying" for n in shards),
            DEADLINE,
        )

    def harm_broker(self) -> None:
        """Take it away until that was noticed."""
        assert isinstance(self.target, BrokerTarget)
        self.linger()
        self.target.interrupt(self.until_noticed)

    def cut_there(self) -> None:
        """Break the wire in the middle of a batch."""
        self._cut("there", self.random.randrange(1, _FAR))

    def cut_back(self) -> None:
        """Break it in the middle of the acknowledgements of one."""
        self._cut("back", self.random.randrange(1, _NEAR))

    def _cut(self, way: Way, count: int) -> None:
        assert isinstance(self.target, BrokerTarget)
        wire = self.target.wire
        before = wire.cuts
        wire.cut_after(count, way)
        wait_until(lambda: wire.cuts > before, DEADLINE)

    def until_all_sent(self, shards: int) -> None:
        """Wait until everything that was committed has left."""
        name, last = f"relay:{self.target.topic}", self.store.now().last
        try:
            wait_until(lambda: all_passed(self.store, shards, last, name), DEADLINE)
        except AssertionError:
            raise AssertionError(Consumer(self.store, name).health()) from None


@contextmanager
def under_load(store: EventStore, fleet: Fleet, target: Target, spec: Spec) -> Iterator[Scene]:
    """At the end everything has been sent, and nobody runs any more."""
    with Writer(store, target.topic) as writer:
        relays = [fleet.start(spec), fleet.start(spec)]
        wait_until(lambda: has_rows(store, f"relay:{target.topic}"), DEADLINE)
        scene = Scene(store, target, relays, writer)
        yield scene
    scene.until_all_sent(spec.shards)
    for relay in relays:
        relay.stop()


def harms(scene: Scene, kills: int) -> list[Callable[[], None]]:
    """So many kills, half as many cuts, and an outage for each dozen; in any order."""
    done: list[Callable[[], None]] = [scene.kill] * kills
    if isinstance(scene.target, BrokerTarget):
        done += [scene.cut_there, scene.cut_back] * ceil(kills / 4)
        done += [scene.harm_broker] * ceil(kills / 12)
    scene.random.shuffle(done)
    return done


def report(account: Account, scene: Scene, done: Iterable[Callable[[], None]]) -> None:
    """Say what was seen: `pytest -s`, or `-rP`."""
    writer, harms = scene.writer, Counter(harm.__name__ for harm in done)
    facts = (
        f"{scene.target.name}: {dict(harms)}; {writer.count} committed, "
        f"{len(writer.rolled_back)} rolled back, {len(account.lines)} arrived, "
        f"{account.repeats} of them repeats"
    )
    print(f"\n{facts}")  # noqa: T201 - repeats are counted, not forbidden
