"""One relay in a process of its own, in front of a real broker."""

import os
import signal
from collections.abc import Sequence
from typing import Final

from attrs import define, field, frozen

from sourcery.messages import Message, Publisher, Result
from sourcery.publishers import publisher_for
from tests.relay.process import RelaySpec, Say, run

#: Seconds that one call of a publisher takes at the most.
TIMEOUT: Final = 1.0


@frozen(kw_only=True)
class Spec(RelaySpec):
    """What a process is to run."""

    #: The URL of the publisher, with its options.
    to: str
    shards: int = 2
    page: int = 50
    lease: float = 1.5
    #: In the middle of which batch the process ends; its first is 1.
    dies_in: int | None = None
    #: Whether the publisher sends the last message of a batch first.
    reverses: bool = False


def live(spec: Spec, say: Say) -> None:
    """Work until SIGTERM."""
    run(spec, Harmed(publisher_for(spec.to), spec))


@define(eq=False)
class Harmed(Publisher):
    """A publisher of the library's, in a process that ends in certain batches."""

    inner: Publisher
    spec: Spec
    keeps_order: bool = field(init=False)
    timeout: float = field(init=False)
    _batches: int = 0

    def __attrs_post_init__(self) -> None:
        self.timeout = TIMEOUT
        self.keeps_order = self.inner.keeps_order and not self.spec.reverses

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        """Send it, or half of it and end."""
        self._batches += 1
        if self._batches == self.spec.dies_in:
            self.inner.publish(batch[: len(batch) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        if self.spec.reverses:
            return list(reversed(self.inner.publish(list(reversed(batch)))))
        return self.inner.publish(batch)

    def probe(self) -> None:
        """The library's own."""
        self.inner.probe()

    def close(self) -> None:
        """The library's own."""
        self.inner.close()
