"""What a snapshot saves a load, and what it costs to take one, on any database.

    python -m benchmarks.snapshots --database sqlite:////tmp/empty.db

First a long aggregate beside one of a single event: with its snapshot, which must cost at most
three times the short one, and without. Then loads by the events that follow the snapshot, beside
one offer (serialised, stored, committed): where the two are equal, a snapshot breaks even with
the first load. All loads are made in turns, and each result is checked before it is timed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from itertools import count
from typing import Any, Final
from uuid import uuid4

from attrs import define, field, frozen

from sourcery import Aggregate, EventStore, Stream, UnitOfWork, event, never
from sourcery.engine import normalise
from sourcery.offering import Candidate, offer, prepare
from sourcery.policy import Facts

#: Events of one unit of work while the histories are written.
BATCH: Final = 1000
TAILS: Final = (0, 10, 100, 1000, 10_000)
#: Events below the snapshot of each tail.
BELOW: Final = 10
#: How long a load takes at most what it is measured against.
TARGET: Final = 3.0

Loads = dict[str, Callable[[], Any]]
#: Milliseconds, of all repeats.
Times = dict[str, list[float]]


@event("snapshots.counted")
@frozen
class Counted:
    """One event of a long history."""

    number: int


@define
class Plain(Aggregate[Counted], category="counter"):
    """A state of some entries, however long its history is."""

    events: int = 0
    entries: dict[str, int] = field(factory=dict[str, int])

    def apply(self, event: Counted) -> None:
        self.events += 1
        self.entries[f"entry {event.number}"] = self.events


@define
class Kept(Plain, category="counter", snapshot=never()):
    """The same, beginning at a snapshot if there is one."""


@define(eq=False)
class Histories:
    """Streams of one run, with as many entries in their states."""

    store: EventStore
    entries: int
    run: str = field(factory=lambda: uuid4().hex)

    def write(self, name: str, events: int, *, kept_at: int = 0) -> str:
        """A stream of so many events, with a snapshot at one; its id."""
        id = f"{self.run} {name}"
        if kept_at:
            self._append(id, 0, kept_at)
            assert self.store.snapshot(Kept, id)
        self._append(id, kept_at, events)
        return id

    def _append(self, id: str, above: int, upto: int) -> None:
        for start in range(above, upto, BATCH):
            numbers = range(start, min(start + BATCH, upto))
            with UnitOfWork(self.store) as uow:
                events = [Counted(number % self.entries) for number in numbers]
                uow.append(Stream("counter", id), events)

    def loading(self, cls: type[Plain], id: str, events: int) -> Callable[[], Any]:
        """A load that was checked."""

        def load() -> Plain:
            return self.store.load(cls, id)

        state = load()
        assert (events, events) == (state.version, state.events)
        assert min(events, self.entries) == len(state.entries)
        return load

    def offering(self, id: str) -> Callable[[], Any]:
        """Offers of a newer and newer state, each of which must be stored."""
        store, versions = self.store, count(10**6)
        state, slot = store.load(Kept, id), store.keeper.slot(Kept)
        assert slot is not None

        def take() -> None:
            candidate = Candidate(
                slot=slot,
                id=f"{id} offered",
                state=state,
                version=next(versions),
                last_event_id=uuid4(),
                facts=Facts(since=1, seconds=0.0),
                asked=True,
            )
            assert offer(store.database, store.keeper, prepare(store.keeper, [candidate])) == 1

        take()
        return take


def long_loads(histories: Histories, events: int) -> Loads:
    """A long history with its snapshot, and a single event, in both kinds of class."""
    long, one = histories.write("long", events, kept_at=events), histories.write("one", 1)
    return {
        "1 event": histories.loading(Kept, one, 1),
        "1 event, class without a policy": histories.loading(Plain, one, 1),
        f"{events} events, snapshot at the last": histories.loading(Kept, long, events),
    }


def tail_loads(histories: Histories) -> Loads:
    """By the events that follow the snapshot, and one offer."""
    loads: Loads = {}
    for tail in TAILS:
        id = histories.write(f"tail {tail}", BELOW + tail, kept_at=BELOW)
        loads[f"tail of {tail}"] = histories.loading(Kept, id, BELOW + tail)
    return loads | {"one offer": histories.offering(id)}


def measure(loads: Loads, repeat: int, seconds: float) -> Times:
    """Each in turn, as often as it fits into a part of the time; a median per turn."""
    times: Times = {name: [] for name in loads}
    for _ in range(repeat):
        for name, load in loads.items():
            times[name].append(_median_of(load, seconds))
    return times


def _median_of(load: Callable[[], Any], seconds: float) -> float:
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while not taken or time.perf_counter() < end:
        began = time.perf_counter()
        load()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def figures(times: Times, reference: str) -> dict[str, dict[str, float]]:
    """Medians of the turns, and how many times the reference of the same turn they took."""
    rows: dict[str, dict[str, float]] = {}
    for name, taken in times.items():
        ratios = [mine / other for mine, other in zip(taken, times[reference], strict=True)]
        rows[name] = {
            "ms": round(statistics.median(taken), 3),
            "times": round(statistics.median(ratios), 2),
            "lowest": round(min(ratios), 2),
            "highest": round(max(ratios), 2),
        }
    return rows


def break_even(rows: dict[str, dict[str, float]]) -> int:
    """Events after which replaying them once costs what one offer does."""
    first, last = rows[f"tail of {TAILS[0]}"]["ms"], rows[f"tail of {TAILS[-1]}"]["ms"]
    return round(rows["one offer"]["ms"] / ((last - first) / TAILS[-1]))


def main() -> None:
    arguments = _arguments()
    url = normalise(arguments.database).render_as_string(hide_password=False)
    with EventStore(url, aggregates=[Kept]) as store:
        store.upgrade()
        histories = Histories(store, arguments.entries)
        loads = long_loads(histories, arguments.events)
        whole = f"{arguments.events} events, no snapshot"
        long = measure(loads, arguments.repeat, arguments.seconds)
        replayed = histories.loading(Plain, f"{histories.run} long", arguments.events)
        long[whole] = [_median_of(replayed, 0.0) for _ in range(arguments.repeat)]
        tails = measure(tail_loads(histories), arguments.repeat, arguments.seconds)
    report(figures(long, "1 event"), figures(tails, "tail of 0"), as_json=arguments.json)


def report(
    long: dict[str, dict[str, float]], tails: dict[str, dict[str, float]], *, as_json: bool
) -> None:
    if as_json:
        print(json.dumps({"long": long, "tails": tails, "break_even": break_even(tails)}))
        return
    for title, rows in (("load", long), ("load after a snapshot", tails)):
        print(f"\n| {title} | ms | times the first | lowest | highest |\n|---|---|---|---|---|")
        for name, row in rows.items():
            print(f"| {name} | {row['ms']} | {row['times']} | {row['lowest']} | {row['highest']} |")
    print(f"\nbreak-even: one offer costs as much as replaying {break_even(tails)} events once")
    ratio = next(row["times"] for name, row in long.items() if name.endswith("at the last"))
    print(f"target of at most {TARGET} times: {'met' if ratio <= TARGET else 'MISSED'} ({ratio})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True, help="URL of an empty database")
    parser.add_argument("--events", type=int, default=100_000, help="of the long history")
    parser.add_argument("--entries", type=int, default=10, help="in each state")
    parser.add_argument("--repeat", type=int, default=7, help="turns")
    parser.add_argument("--seconds", type=float, default=0.3, help="for each kind in a turn")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
