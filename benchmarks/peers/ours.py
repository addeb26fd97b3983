"""What the scripts of the others do, done by us."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import Any, Final
from uuid import uuid4

from benchmarks.bench import Bench
from benchmarks.domain import Noted, Notes, noted, streams
from benchmarks.race import timed
from sourcery import Subscriber, UnitOfWork

#: Streams of a thousand events that are followed, beside the one that is replayed.
LONG_STREAMS: Final = 10


def figures(bench: Bench, operations: int) -> dict[str, float]:
    """Microseconds of an event, by scenario."""
    first = list(islice(streams("first"), operations + 10))
    bench.fill(first, 1)

    def change(id: str) -> None:
        with UnitOfWork(bench.store) as uow:
            uow.get(Notes, id).note(noted(7))

    for stream in first[:10]:
        change(stream.id)
    one = _median(change, (stream.id for stream in first[10:]))
    long, *others = islice(streams("long"), 1 + LONG_STREAMS)
    bench.fill([long, *others], 1000)
    replay = _median(lambda of: bench.store.load(Notes, of), [long.id] * 10) / 1000
    consumer = Subscriber(bench.store, f"b-{uuid4()}", lambda _, __: None, events=Noted)
    count: list[int] = []
    seconds, _ = timed(lambda: count.append(consumer.drain()))
    return {"one": one, "replay": replay, "catch-up": 1e6 * seconds / count[0]}


def _median(operation: Callable[[Any], object], of: Iterable[Any]) -> float:
    """Microseconds."""
    return 1e6 * statistics.median(timed(partial(operation, one))[0] for one in of)
