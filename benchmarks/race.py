"""Two sides in one process, turn by turn, so that both meet the same machine at the same moment."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Literal

from attrs import define, field, frozen


@frozen
class Target:
    """What a ratio has to be."""

    bound: float
    #: "at least" of how many times as fast we are, "at most" of how many times as long we take.
    kind: Literal["at least", "at most"] = "at least"

    def is_met(self, ratio: float) -> bool:
        return ratio >= self.bound if self.kind == "at least" else ratio <= self.bound

    def __str__(self) -> str:
        return f"{self.kind} {self.bound}"


@frozen(eq=False)
class Race:
    """Two things that do the same work. Each call is one operation."""

    ours: Callable[[], object]
    reference: Callable[[], object]
    #: Raises when one of them did something else; asked before a time is reported.
    check: Callable[[], None]
    #: Calls of each side in one repeat.
    operations: int
    #: Events that one call handles.
    events: int = 1
    #: Calls of each side that are not counted: caches fill, statements are prepared.
    warm_up: int = 10


@frozen
class Times:
    """Of one side, in milliseconds of an operation."""

    median: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        cuts = statistics.quantiles(seconds, n=100) if len(seconds) > 1 else [*seconds] * 99
        return cls(1000 * statistics.median(seconds), 1000 * min(cuts[98], max(seconds)))


@frozen(kw_only=True)
class Result:
    """One line of the table."""

    scenario: str
    reference: str
    target: Target | None
    ours: Times
    theirs: Times
    #: The median of the repeats, and the lowest and highest.
    ratio: float
    lowest: float
    highest: float
    #: Events per second of ours.
    rate: float | None = None
    #: The same ratio of this process's processor time, which other programs disturb less; the
    #: server's work is not in it.
    cpu: float | None = None

    @property
    def is_met(self) -> bool | None:
        return None if self.target is None else self.target.is_met(self.ratio)


@define
class Repeats:
    """What was measured of both sides, repeat by repeat."""

    ours: list[list[float]] = field(factory=list[list[float]])
    theirs: list[list[float]] = field(factory=list[list[float]])
    #: Seconds of processor time of each operation, ours and theirs.
    cpu: list[tuple[float, float]] = field(factory=list[tuple[float, float]])

    def result(
        self, scenario: str, reference: str, target: Target | None, events: float = 1
    ) -> Result:
        """Ratios of the means of each repeat; the median of them."""
        pairs = [
            (statistics.fmean(mine), statistics.fmean(other))
            for mine, other in zip(self.ours, self.theirs, strict=True)
        ]
        costs = target is not None and target.kind == "at most"
        ratios = [mine / other if costs else other / mine for mine, other in pairs]
        return Result(
            scenario=scenario,
            reference=reference,
            target=target,
            ours=Times.of([one for repeat in self.ours for one in repeat]),
            theirs=Times.of([one for repeat in self.theirs for one in repeat]),
            ratio=statistics.median(ratios),
            lowest=min(ratios),
            highest=max(ratios),
            rate=events / statistics.median(mine for mine, _ in pairs),
            cpu=self._cpu(costs=costs),
        )

    def _cpu(self, *, costs: bool) -> float | None:
        if not self.cpu:
            return None
        mine, other = map(statistics.median, zip(*self.cpu, strict=True))
        return mine / other if costs else other / mine


def run(race: Race, repeats: int) -> Repeats:
    """A, B, A, B: one operation of each in turn. The check comes before the figures."""
    for _ in range(race.warm_up):
        race.ours()
        race.reference()
    found = Repeats()
    for _ in range(repeats):
        found.ours.append([])
        found.theirs.append([])
        gc.collect()
        for _ in range(race.operations):
            mine, my_cpu = timed(race.ours)
            other, other_cpu = timed(race.reference)
            found.ours[-1].append(mine)
            found.theirs[-1].append(other)
            found.cpu.append((my_cpu, other_cpu))
    race.check()
    return found


def timed(operation: Callable[[], object]) -> tuple[float, float]:
    """Seconds that it takes, by the clock and of this process's processors."""
    began, began_cpu = time.perf_counter(), time.process_time()
    operation()
    return time.perf_counter() - began, time.process_time() - began_cpu
