"""How fast a relay sends: to a publisher that does nothing, and to brokers beside bare loops.

    python -m benchmarks.relay --database URL --to kafka://host:9092 --to file:///tmp/messages

Messages are written first, then one relay drains them; the bare loop sends as many with the
broker's own client, in batches as large as the relay's. Both in turns, each to topics of its own.
What has arrived is counted before anything is timed. Each message has a key of its own, so that a
page is one batch, unless `--keys` says how many there are: then a page goes in waves.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from contextlib import closing
from typing import ClassVar, Final
from urllib.parse import urlsplit
from uuid import uuid4

from attrs import define, field, frozen

from benchmarks.bare import LOOPS, Bare
from sourcery import EventStore, Relay, UnitOfWork
from sourcery.engine import normalise
from sourcery.messages import SENT, Message, Publisher, Result
from sourcery.publishers import publisher_for

#: Messages of one unit of work.
CHUNK: Final = 1000
#: Messages that are sent and counted before anything is timed.
CHECKED: Final = 500
PAYLOAD: Final = {"text": "x" * 200}
NOTHING: Final = "nothing"


class Nothing(Publisher):
    """Takes all, and does nothing with it."""

    keeps_order: ClassVar[bool] = True
    taken: int = 0

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        self.taken += len(batch)
        return [SENT] * len(batch)


@frozen
class Row:
    """Messages per second, the medians of the turns."""

    to: str
    relay: int
    bare: int | None
    #: The median of the turns' ratios.
    ratio: float | None


@define(eq=False)
class Bench:
    """One database, and how much is sent."""

    store: EventStore
    messages: int
    page: int
    keys: int
    payload: bytes = field(factory=lambda: json.dumps(PAYLOAD).encode())

    def write(self, topic: str, count: int) -> None:
        """Fill the outbox."""
        for start in range(0, count, CHUNK):
            with UnitOfWork(self.store) as uow:
                for number in range(start, min(start + CHUNK, count)):
                    key = str(number % self.keys) if self.keys else str(number)
                    uow.publish(topic, key=key, payload=PAYLOAD)

    def relay(self, url: str, topic: str, count: int) -> float:
        """Seconds in which a relay sends what was written."""
        self.write(topic, count)
        publisher = Nothing() if url == NOTHING else publisher_for(url)
        publisher.probe()  # connect
        relay = Relay(self.store, publisher, name="bench", topics=[topic], page=self.page)
        began = time.perf_counter()
        sent = relay.drain()
        took = time.perf_counter() - began
        assert sent == count
        assert not isinstance(publisher, Nothing) or publisher.taken == count
        return took

    def checked(self, url: str) -> None:
        """Send a few both ways; count them at the broker."""
        topic = f"bench-{uuid4().hex[:8]}"
        if url == NOTHING:
            self.relay(url, topic, CHECKED)
            return
        with closing(_loop(url, topic)) as bare:
            before = bare.count() or 0  # a file has those of all topics
            self.relay(url, topic, CHECKED)
            bare.send([self.payload] * CHECKED)
            assert bare.count() in (None, before + 2 * CHECKED)

    def turn(self, url: str) -> tuple[float, float | None]:
        """Messages per second of the relay, and of the bare loop."""
        topic = f"bench-{uuid4().hex[:8]}"
        if url == NOTHING:
            return self.messages / self.relay(url, topic, self.messages), None
        with closing(_loop(url, topic)) as bare:
            before = bare.count() or 0
            relayed = self.relay(url, topic, self.messages)
            bare.send([self.payload])  # connect
            began = time.perf_counter()
            for start in range(0, self.messages, self.page):
                bare.send([self.payload] * min(self.page, self.messages - start))
            took = time.perf_counter() - began
            assert bare.count() in (None, before + 2 * self.messages + 1)
        return self.messages / relayed, self.messages / took

    def row(self, url: str, repeat: int) -> Row:
        """One line of the table."""
        self.checked(url)
        turns = [self.turn(url) for _ in range(repeat)]
        relayed = round(statistics.median(relay for relay, _ in turns))
        loops = [(relay, bare) for relay, bare in turns if bare is not None]
        if not loops:
            return Row(url, relayed, None, None)
        bare = round(statistics.median(bare for _, bare in loops))
        ratio = statistics.median(relay / bare for relay, bare in loops)
        return Row(urlsplit(url).scheme, relayed, bare, round(ratio, 2))


def _loop(url: str, topic: str) -> Bare:
    return LOOPS[urlsplit(url).scheme](url, topic)


def main() -> None:
    arguments = _arguments()
    url = normalise(arguments.database).render_as_string(hide_password=False)
    with EventStore(url) as store:
        store.upgrade()
        bench = Bench(store, arguments.messages, arguments.page, arguments.keys)
        rows = [bench.row(to, arguments.repeat) for to in (NOTHING, *arguments.to)]
    if arguments.json:
        facts = {"messages": bench.messages, "page": bench.page, "keys": bench.keys}
        lines = [{"to": r.to, "relay": r.relay, "bare": r.bare, "ratio": r.ratio} for r in rows]
        print(json.dumps({**facts, "messages_per_second": lines}))
        return
    print("| to | relay, messages/s | bare loop, messages/s | ratio |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row.to} | {row.relay} | {row.bare or ''} | {row.ratio or ''} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, help="URL of an empty database")
    parser.add_argument("--to", action="append", default=[], metavar="URL", help="of a publisher")
    parser.add_argument("--messages", type=int, default=5000, help="in each turn")
    parser.add_argument("--page", type=int, default=200, help="of the relay, and of each batch")
    parser.add_argument("--keys", type=int, default=0, help="how many; by default one for each")
    parser.add_argument("--repeat", type=int, default=3, help="turns")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
