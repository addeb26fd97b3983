"""Loads: an aggregate of a thousand events."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from typing import Final

from benchmarks.bench import Bench, Scenario
from benchmarks.domain import Notes, streams
from benchmarks.race import Race, Result, Target
from benchmarks.snapshots import Histories, Kept

TARGET: Final = Target(0.6)
SNAPSHOT_TARGET: Final = Target(3.0, "at most")
EVENTS: Final = 1000


def replay(bench: Bench) -> Sequence[Result]:
    """A thousand events, read and folded."""
    [stream] = islice(streams("replay"), 1)
    bench.fill([stream], EVENTS)
    bench.analyse()
    states: list[Notes] = []

    def load() -> None:
        states.append(bench.store.load(Notes, stream.id))

    def raw_load() -> None:
        notes = Notes()
        for event in bench.raw.load(stream):
            notes.apply(event)
        states.append(notes)

    def check() -> None:
        assert {(EVENTS, total())} == {(notes.count, notes.total) for notes in states}

    found = bench.race(Race(load, raw_load, check, bench.of(10, 40, 100), EVENTS))
    reference = "driver alone: SELECT, orjson, the same constructors and apply"
    return [found.result("replay of 1,000 events", reference, TARGET, EVENTS)]


def total() -> Decimal:
    return sum((Decimal(number) / 100 for number in range(EVENTS)), Decimal(0))


def snapshot(bench: Bench) -> Sequence[Result]:
    """A long history with its snapshot, beside a single event; both classes look for one."""
    events = bench.of(2_000, 20_000, 100_000)
    histories = Histories(bench.store, entries=10)
    long, one = histories.write("long", events, kept_at=events), histories.write("one", 1)
    load, load_one = histories.loading(Kept, long, events), histories.loading(Kept, one, 1)
    found = bench.race(Race(load, load_one, lambda: None, bench.of(20, 100, 300)))
    name = f"load of {events:,} events from a snapshot"
    return [found.result(name, "load of one event", SNAPSHOT_TARGET)]


SCENARIOS: Final = (
    Scenario(name="replay", run=replay, target=TARGET),
    Scenario(name="snapshot", run=snapshot, target=SNAPSHOT_TARGET),
)
