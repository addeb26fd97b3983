"""From a commit to the handler in another process, beside a bare NOTIFY and LISTEN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.bench import Bench, Scenario
from benchmarks.latency import Times as Delays
from benchmarks.latency import measure
from benchmarks.race import Result, Target, Times

#: Milliseconds beyond the bare one.
MEDIAN_TARGET: Final = Target(2.0, "at most")
P99_TARGET: Final = Target(10.0, "at most")


def live(bench: Bench) -> Sequence[Result]:
    """The difference in milliseconds stands where others have a ratio."""
    sends, delays, bare = bench.of(20, 100, 300), Delays(), list[int]()
    runs: list[tuple[Times, Times]] = []
    for _ in range(bench.repeats):
        delays = Delays()
        bare = measure(bench.address, "Subscriber", sends, delays)
        runs.append((_times(delays.from_commit), _times(bare)))
    return [
        _result("median", MEDIAN_TARGET, [m.median - o.median for m, o in runs], runs),
        _result("p99", P99_TARGET, [m.p99 - o.p99 for m, o in runs], runs),
    ]


def _times(nanoseconds: Sequence[int]) -> Times:
    return Times.of([taken / 1e9 for taken in nanoseconds])


def _result(
    what: str, target: Target, beyond: Sequence[float], runs: Sequence[tuple[Times, Times]]
) -> Result:
    ours, theirs = runs[len(runs) // 2]
    return Result(
        scenario=f"commit to handler, {what}: ms beyond the reference",
        reference="bare NOTIFY to LISTEN",
        target=target,
        ours=ours,
        theirs=theirs,
        ratio=sorted(beyond)[len(beyond) // 2],
        lowest=min(beyond),
        highest=max(beyond),
    )


SCENARIOS: Final = (
    Scenario(name="live", run=live, target=MEDIAN_TARGET, families=("postgresql",)),
)
