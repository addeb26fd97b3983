"""How many messages a second a relay sends to a publisher that does nothing.

    python -m benchmarks.relay --database postgresql://user@host/empty_database

Beside it a bare loop: the same pages read and one row updated for each, without a lease, an
order rule or a message object. The difference is what the relay itself costs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from sqlalchemy import text

from sourcery import EventStore, Relay, UnitOfWork
from sourcery.engine import normalise
from sourcery.messages import SENT, Message, Publisher, Result

TOPIC: Final = "bench"
KEYS: Final = 500
#: Messages of one transaction that fills the outbox.
AT_ONCE: Final = 1000


class Nothing(Publisher):
    """Acknowledges everything at once."""

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        """No time is spent here."""
        return [SENT] * len(batch)


class NothingInOrder(Nothing):
    """The same, and takes several messages of one key at once."""

    keeps_order: ClassVar[bool] = True


def fill(store: EventStore, count: int) -> None:
    """Messages of 100 bytes, over many keys."""
    for start in range(0, count, AT_ONCE):
        with UnitOfWork(store) as uow:
            for number in range(start, start + AT_ONCE):
                payload = {"n": number, "text": "x" * 80}
                uow.publish(TOPIC, key=number % KEYS, payload=payload)


def bare_loop(store: EventStore, page: int) -> int:
    """Pages by position, and one update for each."""
    select = text(
        "select * from sourcery_outbox where topic = :topic and position > :above "
        "order by position limit :page"
    )
    with store.engine.begin() as connection:
        connection.execute(text("create table bench_cursor (position bigint)"))
        connection.execute(text("insert into bench_cursor values (0)"))
    above, sent = 0, 0
    while True:
        with store.engine.begin() as connection:
            values = {"topic": TOPIC, "above": above, "page": page}
            rows = connection.execute(select, values).all()
            if not rows:
                connection.execute(text("drop table bench_cursor"))
                return sent
            above, sent = rows[-1][0], sent + len(rows)
            connection.execute(text("update bench_cursor set position = :p"), {"p": above})


def measure(name: str, work: Callable[[], int]) -> None:
    """Print messages per second."""
    began = time.perf_counter()
    count = work()
    print(f"{name:32} {count / (time.perf_counter() - began):10,.0f} messages/s")


def main() -> None:
    """Fill, and drain in several ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, help="URL of an empty database")
    parser.add_argument("--messages", type=int, default=20_000)
    options = parser.parse_args()
    with EventStore(normalise(options.database)) as store:
        store.upgrade()
        fill(store, options.messages)
        for page in (200, 1000):
            measure(f"bare loop, page {page}", lambda page=page: bare_loop(store, page))
            for publisher in (NothingInOrder(), Nothing()):
                name = f"{type(publisher).__name__}-{page}"
                relay = Relay(store, publisher, name=name, page=page, keep=None)
                measure(name, relay.drain)


if __name__ == "__main__":
    main()
