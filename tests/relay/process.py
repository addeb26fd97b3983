"""One relay in a process of its own, as an application runs it."""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from typing import Literal

from attrs import define, frozen

from sourcery import ErrorPolicy, EventStore, Relay
from sourcery.messages import Message, Publisher, Result
from tests.faults.life import begun
from tests.relay.ledger import FilePublisher
from tests.relay.support import TOPIC, number_of

Say = Callable[[str], None]


@frozen(kw_only=True)
class RelaySpec:
    """What any process that runs a relay is told."""

    url: str
    topic: str = TOPIC
    shards: int = 1
    page: int = 20
    #: Longer than the publisher's timeout; a killed relay is replaced so many seconds later.
    lease: float = 0.6
    then: Literal["stop", "park", "skip"] = "park"
    retries: int = 1_000_000
    #: Safeguards to switch off.
    sabotage: tuple[str, ...] = ()


@frozen(kw_only=True)
class Spec(RelaySpec):
    """What a process is to run."""

    path: str
    timeout: float = 0.15
    #: Numbers that are not sent.
    bad: tuple[int, ...] = ()
    #: A number at which the process freezes, when its batch has been sent.
    freeze: int | None = None
    #: A number at which the process is killed.
    deadly: int | None = None


def live(spec: Spec, say: Say) -> None:
    """Work until SIGTERM."""
    run(spec, Harmed(FilePublisher(spec.path, spec.timeout, spec.bad), spec, say))


def run(spec: RelaySpec, publisher: Publisher) -> None:
    """Send by this publisher until SIGTERM."""
    stop = begun(spec.sabotage)
    policy = ErrorPolicy(spec.then, retries=spec.retries, wait=0.02, longest_wait=0.1)
    with EventStore(spec.url) as store:
        Relay(
            store,
            publisher,
            topics=[spec.topic],
            shards=spec.shards,
            page=spec.page,
            lease=spec.lease,
            on_error=policy,
            longest_interval=0.1,
        ).run(stop)


@define(eq=False)
class Harmed(Publisher):
    """Freezes or kills its process at certain messages."""

    file: FilePublisher
    spec: Spec
    say: Say
    _batches: int = 0
    _frozen: bool = False

    def __attrs_post_init__(self) -> None:
        self.timeout = self.spec.timeout

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        """Do the harm, and send."""
        self._batches += 1
        if self._batches == 2:
            self.say("working")
        numbers = [number_of(message) for message in batch]
        if self.spec.deadly in numbers:
            os.kill(os.getpid(), signal.SIGKILL)
        results = self.file.publish(batch)
        if self.spec.freeze in numbers:
            self._freeze()
        return results

    def _freeze(self) -> None:
        if not self._frozen:
            self._frozen = True
            self.say("freezing")
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
            self.say("thawed")
