"""Publishers that note what they are given, and looks at what relays have stored."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from attrs import define, field

from sourcery import Consumer, ErrorPolicy, EventStore, Relay, UnitOfWork
from sourcery.consumers import ConsumerRow, rows_of
from sourcery.errors import BrokerUnavailable
from sourcery.messages import SENT, Message, Outcome, Publisher, Result

TOPIC = "payments"
NAME = f"relay:{TOPIC}"
#: Tries again at once, as far as a test is concerned.
AT_ONCE = 0.001
LONG_AGO = timedelta(0)


def number_of(message: Message) -> int:
    """What `publish` wrote into it."""
    return int(json.loads(message.payload)["n"])


def publish(
    store: EventStore, numbers: Iterable[int], key: str | int | None = "ada", topic: str = TOPIC
) -> None:
    """Messages of one key, in one transaction."""
    with UnitOfWork(store) as uow:
        for number in numbers:
            uow.publish(topic, key=key, payload={"n": number})


def policy(then: Any = "park", retries: int = 3, wait: float = AT_ONCE) -> ErrorPolicy:
    """One that does not keep a test waiting."""
    return ErrorPolicy(then, retries=retries, wait=wait, longest_wait=max(wait, AT_ONCE))


@define(eq=False)
class Broker(Publisher):
    """A broker in memory: it notes what was sent, and does to messages what the test says."""

    #: What becomes of a message; by default it is sent.
    judge: Callable[[Message], Result] = lambda message: SENT
    #: What each call of `publish` was given.
    batches: list[list[Message]] = field(factory=list[list[Message]])
    #: What was acknowledged, in order.
    sent: list[Message] = field(factory=list[Message])
    is_down: bool = False
    probes: int = 0
    closed: int = 0
    timeout: float = 5.0

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        """One result for each."""
        self.batches.append(list(batch))
        if self.is_down:
            raise BrokerUnavailable("the test's broker", "it is down")
        results = self.results(batch)
        self.sent += [m for m, r in zip(batch, results, strict=True) if r.outcome is Outcome.SENT]
        return results

    def results(self, batch: Sequence[Message]) -> list[Result]:
        """What becomes of each."""
        return [self.judge(message) for message in batch]

    def probe(self) -> None:
        """Whether it is up."""
        self.probes += 1
        if self.is_down:
            raise BrokerUnavailable("the test's broker", "it is down")

    def close(self) -> None:
        """Count it."""
        self.closed += 1

    @property
    def numbers(self) -> list[int]:
        """Those of the messages that were sent."""
        return [number_of(message) for message in self.sent]

    def numbers_of(self, key: str) -> list[int]:
        """The same, of one key."""
        return [number_of(message) for message in self.sent if message.key == key]

    def attempts(self, number: int) -> int:
        """How often a message was given to it."""
        return Counter(number_of(m) for batch in self.batches for m in batch)[number]


class Reordering(Broker):
    """One that sends a batch in the opposite order, as a pipeline with retries may."""

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        """The last first."""
        return list(reversed(super().publish(list(reversed(batch)))))


class Ordered(Broker):
    """One that keeps the order of each key: after a failure it sends nothing later of it."""

    keeps_order: ClassVar[bool] = True

    def results(self, batch: Sequence[Message]) -> list[Result]:
        """Later messages of a key that failed have failed too."""
        held: set[object] = set()
        results: list[Result] = []
        for message in batch:
            key = message.key or message.message_id
            results.append(_HELD if key in held else self.judge(message))
            if results[-1].outcome is not Outcome.SENT:
                held.add(key)
        return results


_HELD = Result(Outcome.FAILED, "held back")


def fails(
    bad: Collection[int], times: int = 1_000_000, outcome: Outcome = Outcome.FAILED
) -> Callable[[Message], Result]:
    """Some messages fail, each so many times."""
    left = dict.fromkeys(bad, times)

    def judge(message: Message) -> Result:
        number = number_of(message)
        if left.get(number, 0) > 0:
            left[number] -= 1
            return Result(outcome, f"number {number} is bad")
        return SENT

    return judge


def relay(store: EventStore, broker: Publisher, **options: Any) -> Relay:
    """A relay of the one topic, unless the test says otherwise."""
    settings: dict[str, Any] = {"topics": [TOPIC], "on_error": policy()} | options
    return Relay(store, broker, **settings)


def letter_facts(store: EventStore, name: str = NAME) -> list[tuple[str, str, int]]:
    """Key, status and attempts of each letter."""
    return [(x.key, x.status.value, x.attempts) for x in Consumer(store, name).letters()]


def statuses(store: EventStore, name: str = NAME) -> list[str]:
    """Those of the letters, in order."""
    return [letter.status.value for letter in Consumer(store, name).letters()]


def row_of(store: EventStore, name: str = NAME, shard: int = 0) -> ConsumerRow:
    """A shard as it is stored."""
    with store.database.reading() as connection:
        return rows_of(connection, store.database.dialect, name)[shard]


def has_rows(store: EventStore, name: str = NAME) -> bool:
    """Whether it was registered."""
    with store.database.reading() as connection:
        return bool(rows_of(connection, store.database.dialect, name))


def all_passed(store: EventStore, shards: int, last: int, name: str = NAME) -> bool:
    """Whether every shard has sent all."""
    if not has_rows(store, name):
        return False
    positions = [row_of(store, name, shard).position for shard in range(shards)]
    return min(positions) >= last and not letter_facts(store, name)
