"""All parts at once on PostgreSQL, under harm, for as long as you like.

`SOURCERY_SOAK=3600 pytest tests/soak -s` is the profile of an hour; without it a run takes some
minutes. At the end everything must agree with the log, and nothing may have grown.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any, Self, get_args

import pytest
from attrs import frozen

from sourcery import Consumer, EventStore
from sourcery.control import consumer_names
from tests.databases import Database
from tests.delivery.conftest import broker, target, wire
from tests.delivery.target import BrokerTarget
from tests.faults.fleet import Fleet, Worker
from tests.soak import working, writing
from tests.soak.balance import outbox_rows, wrongs
from tests.soak.chaos import Chaos
from tests.soak.shop import make_tables, open_shop
from tests.soak.watching import Series, Watch, until
from tests.soak.working import SHARDS

__all__ = ["broker", "target", "wire"]

#: Seconds of harm.
SECONDS = float(os.environ.get("SOURCERY_SOAK", "60"))
#: Mean seconds between two transactions of a writer, and between two harms.
PAUSE = float(os.environ.get("SOURCERY_SOAK_PAUSE", "0.1"))
BETWEEN = 0.5
#: Seconds for the rest to be handled when nobody writes or harms any more: the letters of an hour
#: are thousands, and a twentieth of them fails at each try.
REST = 180.0 + SECONDS / 6
#: In the names of processes that are let alone.
STEADY = "steady"
STEADY_WRITER = f"soak-{STEADY}-writer"
#: Connections of one process at most: pages, leases, a moment to read; one to wake and to wait.
CONNECTIONS = 6
#: Seconds that a consumer may be behind: nearly always, and when its workers were just killed.
USUAL_LAG, WORST_LAG = 30.0, 60.0
#: Megabytes and share that a process may grow from its second quarter to its last.
GROWTH = 16.0, 1.15


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("broker_name", ["valkey"])
def test_everything_at_once(database: Database, target: BrokerTarget) -> None:
    """Nothing lost, doubled, out of order or half done; memory, connections and lag bounded."""
    url = database.url.render_as_string(hide_password=False)
    with open_shop(url) as store, Fleet() as fleet:
        make_tables(store.engine)
        crew = _Crew.start(fleet, url, target)
        consumers = {*SHARDS, f"relay:{target.topic}"}
        until(lambda: consumers <= {*consumer_names(store)}, REST, "all consumers there")
        chaos = Chaos(store, target, crew.victims, Random(SECONDS))
        with Watch(store, crew.steady, tuple(SHARDS)) as watch:
            chaos.rage(SECONDS, BETWEEN)
        crew.stop_writing()
        until(lambda: _is_at_rest(store, chaos, target.topic), REST, "all handled and sent")
        followed = crew.stop_reading()
        found = wrongs(store, target.account(), chaos.serving)
        _report(store, crew, chaos, watch)
        assert ({}, {"equal": 2}) == (found, followed)
        until(lambda: not watch.count(), REST, "connections of ended processes gone")
    assert {} == _beyond(watch)


@frozen
class _Crew:
    """Two processes of each kind, by name: one is let alone, one is harmed."""

    writers: dict[str, Worker]
    readers: dict[str, Worker]

    @classmethod
    def start(cls, fleet: Fleet, url: str, target: BrokerTarget) -> Self:
        """Return when all are at work."""

        def named(name: str) -> str:
            return f"{url}?application_name={name}"

        began = time.time()
        writers = {
            name: fleet.start(
                writing.Spec(
                    url=named(name), topic=target.topic, number=number, began=began, pause=PAUSE
                )
            )
            for number, name in enumerate(_names(["writer", "other-writer"]))
        }
        readers = {
            name: fleet.start(
                working.Spec(url=named(name), kind=kind, to=target.to, topic=target.topic)
            )
            for kind in get_args(working.Kind)
            for name in _names([kind])
        }
        for worker in [*writers.values(), *readers.values()]:
            worker.until_said("working")
        return cls(writers, readers)

    @property
    def steady(self) -> dict[str, Worker]:
        """Those that nobody harms."""
        return {name: it for name, it in (self.writers | self.readers).items() if STEADY in name}

    @property
    def victims(self) -> list[Worker]:
        """The others."""
        return [it for name, it in (self.writers | self.readers).items() if STEADY not in name]

    def stop_writing(self) -> None:
        """In good order: none has ended by itself."""
        for writer in self.writers.values():
            writer.stop()

    def stop_reading(self) -> Counter[str]:
        """The same; what the live projections found when they compared themselves."""
        for reader in self.readers.values():
            reader.stop()
        words = [self._word(it) for it in self.readers.values() if it.spec.kind == "live"]
        return Counter(words)

    @staticmethod
    def _word(worker: Worker) -> str:
        words = [what for pid, what in worker.fleet.words if pid == worker.pid]
        return words[-1]


def _names(kinds: Iterable[str]) -> list[str]:
    return [f"soak-{fate}-{kind}" for kind in kinds for fate in (STEADY, "victim")]


def _is_at_rest(store: EventStore, chaos: Chaos, topic: str) -> bool:
    """Whether every consumer and relay has passed everything, and nothing is left behind."""
    settled, consumers = store.settled(), [Consumer(store, name) for name in SHARDS]
    chaos.retry()
    relay = Consumer(store, f"relay:{topic}")
    through = all(each.health().position >= settled for each in consumers)
    last = store.now().last
    sent = relay.health().position >= last
    return through and sent and not relay.letters() and not Consumer(store, "flaky").letters()


def lags(series: Series) -> tuple[float, float]:
    """What is usual, and the worst."""
    return series.quantile(95), max(series.values)


def _beyond(watch: Watch) -> dict[str, Any]:
    """What was more than it may be."""
    extra, share = GROWTH
    grown = {name: series.growth for name, series in watch.memory.items()}
    lag = {name: lags(it) for name, it in watch.lag.items()}
    found: dict[str, Any] = {
        f"memory of {name}": (warm, last)
        for name, (warm, last) in grown.items()
        if last > warm * share + extra
    }
    most = USUAL_LAG, WORST_LAG
    found |= {
        f"lag of {name}": it for name, it in lag.items() if it[0] > most[0] or it[1] > most[1]
    }
    many = {name: it for name, it in watch.connections.items() if it > CONNECTIONS}
    return found | {f"connections of {name}": count for name, count in many.items()}


def _report(store: EventStore, crew: _Crew, chaos: Chaos, watch: Watch) -> None:
    """Say what was done and seen: `pytest -s`, or `-rP`."""
    words = crew.writers[STEADY_WRITER].fleet.words
    work = {what: sum(n for (_, said), n in words.items() if said == what) for _, what in words}
    lag = {name: _rounded(it.quantile(50), *lags(it)) for name, it in watch.lag.items()}
    grown = {name: _rounded(*it.growth) for name, it in watch.memory.items()}
    print(  # noqa: T201 - it is what a run is made for
        f"\n{SECONDS:g} s, {store.settled()} positions, harm {dict(chaos.done)}",
        f"work {work}",
        f"lag in seconds (p50, p95, most) {lag}",
        f"MB (second quarter, last) {grown}",
        f"connections at most {watch.connections}",
        f"left in the outbox {outbox_rows(store)}",
        sep="\n",
    )


def _rounded(*values: float) -> list[float]:
    return [round(value, 2) for value in values]
