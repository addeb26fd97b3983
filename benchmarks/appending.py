"""Appends: one event and a hundred in a unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, islice
from typing import Final

from benchmarks.bench import Bench, Scenario
from benchmarks.domain import Notes, noted, streams
from benchmarks.race import Race, Result, Target
from sourcery import Stream, UnitOfWork

ONE_TARGET: Final = Target(0.7)
HUNDRED_TARGET: Final = Target(0.8)
HUNDRED: Final = 100


def one(bench: Bench) -> Sequence[Result]:
    """An aggregate of one event is loaded, records another, and is written."""
    operations, numbers = bench.of(100, 400, 1000), count(1)
    each = 10 + operations * bench.repeats
    ours, theirs = (list(islice(streams(side), each)) for side in ("ours", "raw"))
    bench.fill([*ours, *theirs], 1)
    next_ours, next_theirs = iter(ours), iter(theirs)

    def change() -> None:
        with UnitOfWork(bench.store) as uow:
            uow.get(Notes, next(next_ours).id).note(noted(next(numbers)))

    def raw_change() -> None:
        bench.raw.change(next(next_theirs), noted(next(numbers)))

    race = Race(change, raw_change, lambda: _check_heads(bench, [*ours, *theirs], 2), operations)
    found = bench.race(race)
    reference = "driver alone: BEGIN, SELECT, INSERT, COMMIT"
    return [found.result("one event in a unit of work", reference, ONE_TARGET)]


def hundred(bench: Bench) -> Sequence[Result]:
    """A hundred events of one new stream."""
    events, operations = [noted(number) for number in range(HUNDRED)], bench.of(20, 60, 200)
    each = 10 + operations * bench.repeats
    ours, theirs = (list(islice(streams(side), each)) for side in ("ours", "raw"))
    next_ours, next_theirs = iter(ours), iter(theirs)

    def append() -> None:
        with UnitOfWork(bench.store) as uow:
            uow.append(next(next_ours), events, expected=0)

    def raw_append() -> None:
        bench.raw.append(next(next_theirs), 0, events)

    def check() -> None:
        _check_heads(bench, [*ours, *theirs], HUNDRED)

    found = bench.race(Race(append, raw_append, check, operations, HUNDRED))
    reference = "driver alone: BEGIN, INSERT of a batch, COMMIT"
    return [found.result("100 events in a unit of work", reference, HUNDRED_TARGET, HUNDRED)]


def _check_heads(bench: Bench, of: Sequence[Stream], version: int) -> None:
    """The last streams are as long as they should be, and hold the same fields."""
    for stream in (of[0], of[-1]):
        notes = bench.store.load(Notes, stream.id)
        assert (version, version) == (notes.version, notes.count), notes


SCENARIOS: Final = (
    Scenario(name="one", run=one, target=ONE_TARGET),
    Scenario(name="hundred", run=hundred, target=HUNDRED_TARGET),
)
