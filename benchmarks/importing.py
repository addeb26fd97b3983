"""Bulk import of a history: three events each of many streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final
from uuid import uuid4

from benchmarks.bench import Bench, Scenario
from benchmarks.domain import CATEGORY, noted, streams
from benchmarks.race import Race, Result, Target
from sourcery import PastEvent, Stream, import_events

TARGET: Final = Target(0.7)
#: Events of each stream.
LENGTH: Final = 3


def bulk(bench: Bench) -> Sequence[Result]:
    """A history of short streams, encoded and stored."""
    count = bench.of(3_000, 30_000, 300_000)
    before, calls = bench.count(CATEGORY), 0
    events = [noted(number) for number in range(LENGTH)]

    def some(of: str) -> Iterator[Stream]:
        nonlocal calls
        calls += 1
        return islice(streams(of), count // LENGTH)

    def import_all() -> None:
        history = (
            PastEvent(stream=stream, version=version, event=event, event_id=uuid4())
            for stream in some("import")
            for version, event in enumerate(events, 1)
        )
        assert import_events(bench.store, history).written == count

    def copy() -> None:
        rows = (row for stream in some("copy") for row in bench.raw.rows(stream, 0, events))
        bench.raw.copy(rows, count)

    def check() -> None:
        assert bench.count(CATEGORY) - before == calls * count

    found = bench.race(Race(import_all, copy, check, bench.of(1, 2), count, warm_up=1))
    bare = "COPY" if bench.family == "postgresql" else "inserts in batches"
    reference = f"driver alone: {bare} of the same rows"
    return [found.result(f"import of {count:,} events", reference, TARGET, count)]


SCENARIOS: Final = (Scenario(name="import", run=bulk, target=TARGET),)
