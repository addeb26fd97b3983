"""What does not depend on how much is stored: appends and the tail of the log."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, create_engine, text

from benchmarks.bench import Bench, Scenario, opened
from benchmarks.domain import Noted, noted, streams
from benchmarks.race import Race, Result, Target
from sourcery import EventStore, UnitOfWork

TARGET: Final = Target(1.15, "at most")
#: Events read from the end of the log.
TAIL: Final = 100
PER_STREAM: Final = 100
_SMALL: Final = "bench_small"


@contextmanager
def _small(bench: Bench) -> Iterator[Bench]:
    """Another store on the same server, with tables of its own."""
    if bench.family == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            url = bench.url.set(database=str(Path(folder) / "small.db"))
            with opened(url, bench.size, bench.repeats) as small:
                yield small
        return
    engine = _with_schema(bench)
    try:
        url = bench.url.update_query_dict({"options": f"-csearch_path={_SMALL}"})
        with opened(url, bench.size, bench.repeats) as small:
            yield small
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"drop schema {_SMALL} cascade"))
        engine.dispose()


def _with_schema(bench: Bench) -> Engine:
    engine = create_engine(bench.url)
    with engine.begin() as connection:
        connection.execute(text(f"drop schema if exists {_SMALL} cascade"))
        connection.execute(text(f"create schema {_SMALL}"))
    return engine


def growth(bench: Bench) -> Sequence[Result]:
    """The same two things in a large store and in a small one, in turns."""
    few, many = bench.of(1_000, 10_000), bench.of(10_000, 200_000, 10_000_000)
    with _small(bench) as small:
        for each, count in ((small, few), (bench, many)):
            missing = max(0, count - each.events())
            each.fill(list(islice(streams("growth"), missing // PER_STREAM)), PER_STREAM)
            each.analyse()
        operations = bench.of(30, 200, 500)
        named = f"{bench.events():,} events"
        return [
            _raced(bench, small, make, operations, f"{what} at {named}")
            for what, make in (("append", _appending), ("the last 100", _reading))
        ]


def _raced(
    bench: Bench,
    small: Bench,
    make: Callable[[EventStore], Callable[[], object]],
    operations: int,
    name: str,
) -> Result:
    race = Race(make(bench.store), make(small.store), lambda: None, operations)
    return bench.race(race).result(name, f"the same at {small.events():,}", TARGET)


def _appending(store: EventStore) -> Callable[[], object]:
    new, event = streams("growing"), noted(1)

    def append() -> None:
        with UnitOfWork(store) as uow:
            uow.append(next(new), [event], expected=0)

    return append


def _reading(store: EventStore) -> Callable[[], object]:
    after = [*store.read(events=Noted, backward=True, limit=TAIL)][-1].position - 1

    def read() -> None:
        found = list(store.read(events=Noted, after=after))
        assert len(found) >= TAIL, len(found)

    return read


SCENARIOS: Final = (
    Scenario(name="growth", run=growth, target=TARGET, families=("postgresql", "sqlite")),
)
