"""What is measured while it runs: memory, connections, lag."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, Self

from attrs import define, field
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from sourcery import Consumer, EventStore
from sourcery.errors import SourceryError
from tests.faults.fleet import Worker

#: Seconds between two looks.
_EVERY: Final = 0.5
_CONNECTIONS: Final = text(
    "select application_name, count(*) from pg_stat_activity"
    " where datname = current_database() and application_name like 'soak-%' group by 1"
)


@define
class Series:
    """What was seen of one thing."""

    values: list[float] = field(factory=list[float])

    def quantile(self, percent: int) -> float:
        """So many percent of what was seen are not above it."""
        return quantiles(self.values, n=100, method="inclusive")[percent - 1]

    @property
    def growth(self) -> tuple[float, float]:
        """Median of the second quarter, when it is warm, and of the last."""
        quarter = len(self.values) // 4
        return median(self.values[quarter : 2 * quarter]), median(self.values[-quarter:])


@define(eq=False)
class Watch:
    """Looks twice a second, in a thread."""

    store: EventStore
    #: Processes that nobody harms, by name: their memory is followed.
    steady: dict[str, Worker]
    consumers: tuple[str, ...]
    #: Megabytes of each steady process.
    memory: dict[str, Series] = field(factory=lambda: defaultdict(Series))
    #: The most connections that a process had.
    connections: dict[str, int] = field(factory=dict[str, int])
    #: Seconds that each consumer was behind.
    lag: dict[str, Series] = field(factory=lambda: defaultdict(Series))
    _stop: threading.Event = field(factory=threading.Event)
    _thread: threading.Thread | None = None

    def count(self) -> dict[str, int]:
        """Connections of each process now; by a connection that no harm finds."""
        engine = create_engine(self.store.engine.url, poolclass=NullPool)
        with engine.connect() as connection:
            rows = connection.execute(_CONNECTIONS)
            return {name: count for name, count in rows}  # noqa: C416 - as typed, rows are no pairs

    def _look(self) -> None:
        for name, worker in self.steady.items():
            self.memory[name].values.append(_megabytes(worker.pid))
        for name, count in self.count().items():
            self.connections[name] = max(count, self.connections.get(name, 0))
        for name in self.consumers:
            self.lag[name].values.append(Consumer(self.store, name).health().seconds_behind)

    def _run(self) -> None:
        while not self._stop.wait(_EVERY):
            with suppress(DBAPIError, SourceryError):  # not there yet, or harmed itself
                self._look()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._thread is not None
        self._stop.set()
        self._thread.join()


def _megabytes(pid: int) -> float:
    """What a process holds in memory that is its own."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    own = [int(line.split()[1]) for line in lines if line.startswith("Private_")]
    return sum(own) / 1024


def until(condition: Any, seconds: float, what: str) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} not within {seconds:g} s"
        time.sleep(0.1)
