"""Consumers with a handler that does nothing: catching up with the log, and relaying the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, ClassVar, Final
from uuid import uuid4

from benchmarks.bench import Bench, Scenario
from benchmarks.domain import Noted, streams
from benchmarks.race import Race, Repeats, Result, Target
from sourcery import Recorded, Relay, Subscriber, UnitOfWork
from sourcery.messages import SENT, Message, Publisher
from sourcery.messages import Result as Sent

CATCH_UP_TARGET: Final = Target(0.6)
RELAY_TARGET: Final = Target(0.5)
PER_STREAM: Final = 100


def catch_up(bench: Bench) -> Sequence[Result]:
    """A new consumer over all events, each in hand, a checkpoint per page."""
    events = bench.of(5_000, 50_000, 1_000_000)
    after = bench.store.settled()
    bench.fill(list(islice(streams("catch-up"), events // PER_STREAM)), PER_STREAM)
    bench.analyse()
    counts: list[int] = []

    def handle(_: UnitOfWork, recorded: Recorded[Noted]) -> None:
        pass

    def drain() -> None:
        consumer = Subscriber(bench.store, f"b-{uuid4()}", handle, events=Noted, after=after)
        counts.append(consumer.drain())

    def follow() -> None:
        counts.append(bench.raw.follow(after))

    def check() -> None:
        assert {events} == set(counts), set(counts)

    found = bench.race(Race(drain, follow, check, 1, events, warm_up=1))
    reference = "driver alone: keyset read, orjson, constructors, checkpoint per page"
    return [found.result(f"catch-up of {events:,} events", reference, CATCH_UP_TARGET, events)]


class Nothing(Publisher):
    """Takes all, and does nothing with it."""

    keeps_order: ClassVar[bool] = True
    taken: int = 0

    def publish(self, batch: Sequence[Message]) -> Sequence[Sent]:
        self.taken += len(batch)
        return [SENT] * len(batch)


class Looking(Nothing):
    """Looks at each message, as every real one does: only then it is decoded."""

    def publish(self, batch: Sequence[Message]) -> Sequence[Sent]:
        assert all(message.payload for message in batch)
        return super().publish(batch)


def relay(bench: Bench) -> Sequence[Result]:
    """All messages of a topic to a publisher that does nothing, and to one that looks at them."""
    messages, topic, page = bench.of(2_000, 20_000, 100_000), f"b-{uuid4().hex[:8]}", 200
    _publish(bench, topic, messages)
    first = bench.store.settled() - messages
    counts: list[int] = []

    def send(publisher: Nothing) -> None:
        name = uuid4().hex[:12]
        relay = Relay(bench.store, publisher, name=name, topics=[topic], page=page)
        assert relay.drain() == publisher.taken
        counts.append(publisher.taken)

    def read() -> None:
        counts.append(_read(bench, topic, first - 1, page))

    def check() -> None:
        assert {messages} == set(counts), set(counts)

    def against(kind: type[Nothing]) -> Repeats:
        race = Race(lambda: send(kind()), read, check, bench.of(1, 2), messages, warm_up=1)
        return bench.race(race)

    name, reference = (
        f"relay of {messages:,} messages",
        "driver alone: keyset read of the same rows",
    )
    return [
        against(Nothing).result(name, reference, RELAY_TARGET, messages),
        against(Looking).result(f"{name}, each looked at", reference, RELAY_TARGET, messages),
    ]


def _publish(bench: Bench, topic: str, messages: int) -> None:
    payload = {"text": "x" * 100, "amount": "10.25"}
    for start in range(0, messages, 1000):
        with UnitOfWork(bench.store) as uow:
            for number in range(start, min(messages, start + 1000)):
                uow.publish(topic, key=str(number), payload=payload)


def _read(bench: Bench, topic: str, after: int, limit: int) -> int:
    """The bare keyset read."""
    mark, quote = bench.raw.mark, bench.raw.quote
    casts = "::text" if bench.family == "postgresql" else ""
    statement = (
        f"select position, message_id, topic, {quote}key{quote}, bucket, headers{casts}, "
        f"payload, content_type, created_at{casts} from sourcery_outbox "
        f"where topic = {mark} and position > {mark} order by position limit {mark}"
    )
    count = 0
    while True:
        rows: Sequence[Any] = bench.raw.read(statement, (topic, after, limit)).fetchall()
        if not rows:
            return count
        count, after = count + len(rows), rows[-1][0]


SCENARIOS: Final = (
    Scenario(name="catch-up", run=catch_up, target=CATCH_UP_TARGET),
    Scenario(name="relay", run=relay, target=RELAY_TARGET),
)
