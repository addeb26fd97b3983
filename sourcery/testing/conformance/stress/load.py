"""A stress of the ordering rule: many writers, one reader, and a count of what went wrong.

Writers append to few streams, so that they meet; some transactions roll back, some roll back
to a savepoint and go on, some write other tables before and after. The reader pages as a
consumer does, gives up in the middle of a page, starts anew, and loses its connection.

It knows nothing of pytest, so that a dialect of a third party can be put through it.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from typing import Final

from attrs import evolve, frozen

from sourcery import EventStore
from sourcery.testing.conformance.stress.outcome import Outcome, compare, stored_in
from sourcery.testing.conformance.stress.reader import Reader
from sourcery.testing.conformance.stress.writers import Writer, work

Open = Callable[[], EventStore]

#: How often a rule that is out of force may get away with it.
ROUNDS: Final = 6


@frozen(kw_only=True)
class Load:
    """How much, and how long."""

    #: Threads that write at once; a store's own engine has 15 connections.
    writers: int = 12
    #: Transactions at most, shared by the writers.
    transactions: int = 720
    #: Seconds after which no new transaction is begun, when there were `least` of them.
    seconds: float = 3.0
    #: Transactions in any case, on a slow machine or over a slow network too.
    least: int = 48
    #: Streams that all writers share.
    streams: int = 30
    #: Where the random choices start.
    seed: int = 1


def run(opening: Open, load: Load, *, reading: Open | None = None) -> Outcome:
    """Write and read until the load is done and the reader has seen the end.

    `opening` gives a new store on one database with our tables; `reading` the reader's, when
    that is another. Both are closed here. What a writer raises is raised.
    """
    with opening() as store, ThreadPoolExecutor(load.writers) as threads:
        reader = Reader(reading or opening, Random(load.seed))
        work.create(store.database.engine, checkfirst=True)
        deadline = time.monotonic() + load.seconds
        seeds = [load.seed * 1000 + n for n in range(load.writers)]
        writers = [Writer(store, Random(seed), load.streams) for seed in seeds]
        least, most = load.least // load.writers, load.transactions // load.writers
        tasks = [threads.submit(writer.write, least, most, deadline) for writer in writers]
        _read_along(reader, tasks)
        reader.read_to_end()
        with store.database.reading() as connection:
            stored = stored_in(connection)
    return compare(
        reader.delivered,
        stored,
        committed=sum(w.committed for w in writers),
        rolled_back=sum(w.rolled_back for w in writers),
        retried=sum(w.retried for w in writers),
        restarted=reader.restarted,
        dropped=reader.dropped,
    )


def run_until_lost(opening: Open, load: Load) -> Outcome:
    """Run with one seed after another until an event is lost; the outcome of the last run."""
    outcome = run(opening, load)
    for seed in range(load.seed + 1, load.seed + ROUNDS):
        if outcome.lost:
            break
        outcome = run(opening, evolve(load, seed=seed))
    return outcome


def _read_along(reader: Reader, tasks: list[Future[None]]) -> None:
    while not all(task.done() for task in tasks):
        reader.look()
    for task in tasks:
        task.result()
