"""How long it takes from a commit to the handler, on PostgreSQL, beside a bare LISTEN.

    python -m benchmarks.latency --database postgresql://user@host/empty_database

The writer and each reader are processes of their own; all read one clock, CLOCK_MONOTONIC,
which Linux keeps for the whole machine. In turns, at irregular intervals, the writer sends a
bare NOTIFY to a process that does nothing but LISTEN, and commits an event for a reader. The
time of the commit is taken when COMMIT has returned.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import time
from typing import Any, Final
from uuid import uuid4

import psycopg
from attrs import field, frozen

from sourcery import NOW, EventStore, Recorded, Stream, Subscriber, UnitOfWork, event
from sourcery.engine import normalise

#: Seconds between two sends, drawn at random, so that no poll happens to be in step.
PAUSE: Final = (0.01, 0.06)
#: Sends at the start of a run that are not counted.
WARM_UP: Final = 20
#: Seconds to wait for a process before giving up.
DEADLINE: Final = 60
CHANNEL: Final = "sourcery_benchmark"
LAST: Final = -1

_spawn: Final = multiprocessing.get_context("spawn")


@event("latency.sent")
@frozen
class Sent:
    """An event that knows when its unit of work began to end."""

    number: int
    nanoseconds: int


@frozen
class Times:
    """Nanoseconds from something to the reader, of all runs."""

    from_commit: list[int] = field(factory=list)
    from_append: list[int] = field(factory=list)


def listen(url: str, ready: Any, results: Any) -> None:
    """A bare listener: how long each notice took."""
    taken: list[int] = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"listen {CHANNEL}")
        ready.set()
        for notice in connection.notifies():
            received = time.monotonic_ns()
            if notice.payload == str(LAST):
                break
            taken.append(received - int(notice.payload))
    results.put(taken)


def subscriber(url: str, ready: Any, results: Any) -> None:
    """A named consumer with one shard, each page a transaction with its checkpoint."""
    received: dict[int, tuple[int, int]] = {}

    def handler(_: UnitOfWork, recorded: Recorded[Sent]) -> None:
        received[recorded.event.number] = (time.monotonic_ns(), recorded.event.nanoseconds)
        if recorded.event.number == LAST:
            consumer.stop()

    with EventStore(url) as store:
        name = f"latency-{uuid4()}"
        consumer = Subscriber(store, name, handler, events=Sent, after=NOW, on_caught_up=ready.set)
        consumer.run()
    results.put(received)


def subscription(url: str, ready: Any, results: Any) -> None:
    """A raw subscription: nothing is written."""
    received: dict[int, tuple[int, int]] = {}
    with EventStore(url) as store:
        for recorded in store.subscribe(after=NOW, events=Sent, on_caught_up=ready.set):
            received[recorded.event.number] = (time.monotonic_ns(), recorded.event.nanoseconds)
            if recorded.event.number == LAST:
                break
    results.put(received)


READERS: Final = {"Subscriber": subscriber, "subscribe": subscription}


def measure(url: str, reader: str, sends: int, times: Times) -> list[int]:
    """One run: send, and add what the reader saw; what the bare listener saw is given back."""
    found, bare = _spawn.SimpleQueue(), _spawn.SimpleQueue()
    targets = ((READERS[reader], url, found), (listen, dsn(url), bare))
    processes = [_start(target, address, queue) for target, address, queue in targets]
    committed = _send(url, sends)
    received, taken = found.get(), bare.get()
    for process in processes:
        process.join(DEADLINE)
    for number, commit in list(committed.items())[WARM_UP:]:
        seen, appended = received[number]
        times.from_commit.append(seen - commit)
        times.from_append.append(seen - appended)
    return taken[WARM_UP:]


def _start(target: Any, address: str, queue: Any) -> Any:
    ready = _spawn.Event()
    process = _spawn.Process(target=target, args=(address, ready, queue), daemon=True)
    process.start()
    if not ready.wait(DEADLINE):
        raise TimeoutError(f"{target.__name__} did not begin")
    return process


def _send(url: str, sends: int) -> dict[int, int]:
    """By number, when COMMIT had returned."""
    committed: dict[int, int] = {}
    with EventStore(url) as store, psycopg.connect(dsn(url), autocommit=True) as bare:
        for number in range(sends + WARM_UP):
            time.sleep(random.uniform(*PAUSE))
            _notify(bare, time.monotonic_ns())
            time.sleep(random.uniform(*PAUSE))
            _append(store, number)
            committed[number] = time.monotonic_ns()
        _notify(bare, LAST)
        _append(store, LAST)
    return committed


def _notify(connection: psycopg.Connection, payload: int) -> None:
    connection.execute("select pg_notify(%s, %s)", (CHANNEL, str(payload)))


def _append(store: EventStore, number: int) -> None:
    with UnitOfWork(store) as uow:
        uow.append(Stream("latency", number % 10), [Sent(number, time.monotonic_ns())])


def dsn(url: str) -> str:
    """The address as psycopg itself takes it."""
    plain = normalise(url).set(drivername="postgresql")
    return plain.render_as_string(hide_password=False)


def main() -> None:
    arguments = _arguments()
    url = normalise(arguments.database).render_as_string(hide_password=False)
    with EventStore(url) as store:
        store.upgrade()
    bare: list[int] = []
    times = {reader: Times() for reader in READERS}
    for _ in range(arguments.repeat):
        for reader in READERS:
            bare += measure(url, reader, arguments.sends, times[reader])
    rows = {"bare NOTIFY to LISTEN": bare}
    for reader, of_reader in times.items():
        rows[f"COMMIT to {reader}"] = of_reader.from_commit
        rows[f"append to {reader}"] = of_reader.from_append
    report({name: _figures(taken) for name, taken in rows.items()}, as_json=arguments.json)


def _figures(taken: list[int]) -> dict[str, float]:
    cuts = statistics.quantiles(taken, n=100)
    return {
        "p50_ms": round(cuts[49] / 1e6, 2),
        "p99_ms": round(cuts[98] / 1e6, 2),
        "count": len(taken),
    }


def report(figures: dict[str, dict[str, float]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures))
        return
    print("| from what to what | p50 ms | p99 ms | measured |\n|---|---|---|---|")
    for name, row in figures.items():
        print(f"| {name} | {row['p50_ms']:.2f} | {row['p99_ms']:.2f} | {row['count']} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, help="URL of an empty PostgreSQL database")
    parser.add_argument("--sends", type=int, default=200, help="commits of one run")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
