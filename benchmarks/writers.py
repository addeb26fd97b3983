"""Sixteen writers in processes: what the ordering rule costs, and what the whole unit of work does.

All writers are started once. In turns all of them do the same thing for a while, each in streams of
its own, so that every way meets the same machine; what is stored is counted afterwards.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import make_url

from benchmarks import raw
from benchmarks.bench import Bench, Scenario
from benchmarks.domain import Notes, noted, streams
from benchmarks.race import Result, Target, Times
from benchmarks.rules import RULES
from sourcery import EventStore, UnitOfWork

RULE_TARGET: Final = Target(0.85)
UNIT_TARGET: Final = Target(0.65)
WRITERS: Final = 16
_NAIVE, _FLOORS = RULES[0], RULES[-1]
_spawn: Final = multiprocessing.get_context("spawn")

Operation = Callable[[], object]


def write(address: str, tasks: Any, counts: Any) -> None:
    """One writer: does what it is told, for as long as it is told, until it is told None."""
    url = make_url(address)
    driver = raw.connect(url)
    with EventStore(url) as store:
        ways = _ways(store, driver)
        for way in ways.values():
            way()
        counts.put(0)
        while (task := tasks.get()) is not None:
            name, begin, seconds = task
            counts.put(_repeat(ways[name], begin, seconds))
    driver.close()


def _repeat(operation: Operation, begin: float, seconds: float) -> int:
    time.sleep(max(0.0, begin - time.time()))
    done = 0
    while time.time() < begin + seconds:
        operation()
        done += 1
    return done


def _ways(store: EventStore, driver: raw.Raw) -> Mapping[str, Operation]:
    """One event in one transaction, in four ways."""
    new, event = streams("writer"), noted(1)

    def unit() -> None:
        with UnitOfWork(store) as uow:
            uow.get_or_create(Notes, next(new).id).note(event)

    ways: dict[str, Operation] = {"unit": unit, "raw": lambda: driver.change(next(new), event)}
    if isinstance(driver, raw.RawPostgreSQL):
        connection = driver.connection

        def by(rule: Any) -> None:
            with connection.cursor() as cursor:
                assert rule.append(cursor, next(new).id, 1, uuid4())
            connection.commit()

        ways |= {"naive": lambda: by(_NAIVE), "floors": lambda: by(_FLOORS)}
    return ways


class Writers:
    """All of them, and what they are told."""

    def __init__(self, address: str) -> None:
        self._tasks = [_spawn.SimpleQueue() for _ in range(WRITERS)]
        self._counts: Any = _spawn.Queue()
        self._processes = [
            _spawn.Process(target=write, args=(address, tasks, self._counts), daemon=True)
            for tasks in self._tasks
        ]
        for process in self._processes:
            process.start()
        for _ in self._processes:
            self._counts.get(timeout=300)

    def rate(self, way: str, seconds: float) -> float:
        """Transactions per second of all."""
        begin = time.time() + 0.2
        for tasks in self._tasks:
            tasks.put((way, begin, seconds))
        return sum(self._counts.get(timeout=60 + seconds) for _ in self._tasks) / seconds

    def end(self) -> None:
        for tasks in self._tasks:
            tasks.put(None)
        for process in self._processes:
            process.join(30)


@contextmanager
def _at_work(address: str) -> Iterator[Writers]:
    writers = Writers(address)
    try:
        yield writers
    finally:
        writers.end()


def sixteen(bench: Bench) -> Sequence[Result]:
    """The rule alone, raw SQL on both sides; and the whole unit."""
    pairs = [("unit", "raw", UNIT_TARGET, "16 writers, one event in a unit of work")]
    if bench.family == "postgresql":
        pairs.insert(0, ("floors", "naive", RULE_TARGET, "16 writers, the ordering rule alone"))
    seconds = float(bench.of(1, 3, 10))
    with _at_work(bench.address) as writers:
        return [_measured(bench, writers, seconds, *pair) for pair in pairs]


def _measured(
    bench: Bench,
    writers: Writers,
    seconds: float,
    ours: str,
    theirs: str,
    target: Target,
    name: str,
) -> Result:
    before = bench.events()
    pairs = [
        (writers.rate(ours, seconds), writers.rate(theirs, seconds)) for _ in range(bench.repeats)
    ]
    done = round(sum(seconds * (mine + other) for mine, other in pairs))
    assert done == bench.events() - before, "what was counted is not what is stored"
    ratios = [mine / other for mine, other in pairs]
    mine, other = ([1 / rate for rate in rates] for rates in zip(*pairs, strict=True))
    return Result(
        scenario=name,
        reference="raw SQL: BEGIN, SELECT, INSERT, COMMIT" if ours == "unit" else "raw, no rule",
        target=target,
        ours=Times.of(mine),
        theirs=Times.of(other),
        ratio=statistics.median(ratios),
        lowest=min(ratios),
        highest=max(ratios),
        rate=1 / statistics.median(mine),
    )


SCENARIOS: Final = (Scenario(name="writers", run=sixteen, target=UNIT_TARGET),)
