"""A broker in memory, which refuses messages, fails with them and goes away as it is told."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import ClassVar

from attrs import define, field

from sourcery.errors import BrokerUnavailable
from sourcery.messages import SENT, Message, Outcome, Publisher, Result
from tests.model.fuse import Fuse
from tests.relay.support import number_of

_DOWN = Result(Outcome.UNREACHED, "it went away")


@define(eq=False)
class ModelBroker(Publisher):
    """What it took, and what it will not take."""

    #: Of the relay that sends to it.
    fuse: Fuse
    sent: list[Message] = field(factory=list[Message])
    #: By the number in a message.
    sick: dict[int, Outcome] = field(factory=dict[int, Outcome])
    #: How many messages it takes before it cannot be reached any more.
    left: float = inf
    timeout: float = 5.0

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        """One result for each."""
        if self.left <= 0:
            raise BrokerUnavailable("the broker of the model", "it is away")
        held: set[str | None] = set()
        return [self._take(message, held) for message in batch]

    def _take(self, message: Message, held: set[str | None]) -> Result:
        if self.left <= 0:
            return _DOWN
        if self.keeps_order and message.key is not None and message.key in held:
            return Result(Outcome.FAILED, "one before it failed")
        outcome = self.sick.get(number_of(message), Outcome.SENT)
        if outcome is not Outcome.SENT:
            held.add(message.key)
            return Result(outcome, "it is sick")
        self.left -= 1
        self.sent.append(message)
        self.fuse.burn()
        return SENT

    def probe(self) -> None:
        """Whether it can be reached."""
        if self.left <= 0:
            raise BrokerUnavailable("the broker of the model", "it is away")


class OrderedBroker(ModelBroker):
    """One to which a batch may hold several messages of a key."""

    keeps_order: ClassVar[bool] = True
