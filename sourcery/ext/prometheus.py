"""A collector for Prometheus: how the consumers, letters and outbox of stores are, at each scrape.

    REGISTRY.register(StoreCollector(store))

It reads the database, so that one process can tell of all, whoever runs the consumers. A scrape
takes about ten statements, and two for each shard and topic up to the limits, however many events
there are. It never raises: a store that cannot be read has `sourcery_up` 0, and no other values.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping

from attrs import define, field, frozen

from sourcery.consumers import ConsumerRow, all_rows
from sourcery.control import ConsumerHealth, OutboxDepth, ShardState, outbox_depth
from sourcery.control.health import STALLED_AFTER, health_of
from sourcery.ext.extras import needs
from sourcery.store import EventStore
from sourcery.worker.settings import at_least

with needs("the Prometheus collector", "prometheus"):
    from prometheus_client.core import GaugeMetricFamily
    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import Collector

logger: logging.Logger = logging.getLogger("sourcery.prometheus")

_SHARD = ("store", "consumer", "shard")
_TOPIC = ("store", "topic", "relay")
#: Name, help and labels of every metric.
METRICS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sourcery_up": ("1 when the store could be read, else 0", ("store",)),
    "sourcery_scrape_seconds": ("How long reading the store took", ("store",)),
    "sourcery_left_out": ("1 when there are more shards or topics than the limits", ("store",)),
    "sourcery_settled_position": ("Nothing can appear any more up to here", ("store",)),
    "sourcery_floor_seconds": ("Age of what holds the settled position back", ("store",)),
    "sourcery_consumer_state": ("1 for the state the shard is in, else 0", (*_SHARD, "state")),
    "sourcery_consumer_position": ("The checkpoint", _SHARD),
    "sourcery_consumer_lag_events": ("Events or messages to handle, up to 10,000", _SHARD),
    "sourcery_consumer_lag_seconds": ("Age of the first event to handle", _SHARD),
    "sourcery_consumer_attempts": ("Failed attempts at the next event", _SHARD),
    "sourcery_consumer_tick_seconds": ("Since the loop of the owner turned", _SHARD),
    "sourcery_dead_letters": ("Letters", ("store", "consumer", "status")),
    "sourcery_outbox_pending": ("Messages to send, up to 10,000 of each shard", _TOPIC),
    "sourcery_outbox_oldest_seconds": ("Age of the first message to send", _TOPIC),
}


class StoreCollector(Collector):
    """Tells of one store, or of several by name, which becomes the label `store`.

    `shards` and `topics` limit what is looked at in each; what is beyond, in the order of names,
    is left out, and `sourcery_left_out` is 1.
    """

    def __init__(
        self,
        stores: EventStore | Mapping[str, EventStore],
        *,
        shards: int = 100,
        topics: int = 100,
    ) -> None:
        named = {"default": stores} if isinstance(stores, EventStore) else dict(stores)
        limits = _Limits(shards=shards, topics=topics)
        self._looks = [_Look(name, store, limits) for name, store in named.items()]

    def describe(self) -> Iterable[Metric]:
        """The names alone: being registered asks no database."""
        return _families().values()

    def collect(self) -> Iterator[Metric]:
        """Read all stores now."""
        families = _families()
        for look in self._looks:
            for name, labels, value in look.samples():
                families[name].add_metric(labels, value)
        yield from families.values()


def _families() -> dict[str, GaugeMetricFamily]:
    return {
        name: GaugeMetricFamily(name, text, labels=labels)
        for name, (text, labels) in METRICS.items()
    }


_Sample = tuple[str, tuple[str, ...], float]


@frozen(kw_only=True)
class _Limits:
    """What is looked at in one scrape of a store, at most."""

    shards: int = field(default=100, validator=at_least(1))
    topics: int = field(default=100, validator=at_least(1))


@define
class _Look:
    """One store."""

    name: str
    store: EventStore
    limits: _Limits
    _failing: bool = False

    def samples(self) -> list[_Sample]:
        """All of it, or that it could not be had."""
        began, samples = time.monotonic(), list[_Sample]()
        try:
            samples = list(self._read())
            self._failing = False
        except Exception as error:  # noqa: BLE001 - a scrape that fails is a metric
            self._failed(error)
        up = float(not self._failing)
        seconds = time.monotonic() - began
        of_all = (("sourcery_up", up), ("sourcery_scrape_seconds", seconds))
        return [*samples, *((name, (self.name,), value) for name, value in of_all)]

    def _failed(self, error: Exception) -> None:
        """Say it once, until it can be read again."""
        level = logging.DEBUG if self._failing else logging.WARNING
        name = type(error).__name__
        logger.log(
            level, "store %a cannot be read: %s", self.name, name, extra={"error_class": name}
        )
        self._failing = True

    def _read(self) -> Iterator[_Sample]:
        with self.store.database.reading() as connection:
            rows = all_rows(connection, self.store.database.dialect)
            floor = self.store.database.dialect.oldest_floor(connection)
        chosen = _first(rows, self.limits.shards)
        depths = outbox_depth(self.store, at_most=self.limits.topics + 1)
        names = sorted({depth.topic for depth in depths})[: self.limits.topics]
        shown = [depth for depth in depths if depth.topic in names]
        left_out = len(chosen) < len(rows) or len(shown) < len(depths)
        yield "sourcery_left_out", (self.name,), left_out
        yield "sourcery_settled_position", (self.name,), self.store.settled()
        yield "sourcery_floor_seconds", (self.name,), (floor and floor.age) or 0.0
        for health in health_of(self.store, chosen, STALLED_AFTER):
            yield from self._consumer(health)
        for depth in shown:
            yield from self._topic(depth)

    def _consumer(self, health: ConsumerHealth) -> Iterator[_Sample]:
        for shard in health.shards:
            labels = (self.name, health.name, str(shard.shard))
            for state in ShardState:
                is_it = float(shard.state is state)
                yield "sourcery_consumer_state", (*labels, state.value), is_it
            yield "sourcery_consumer_position", labels, shard.position
            yield "sourcery_consumer_lag_events", labels, shard.events_behind
            yield "sourcery_consumer_lag_seconds", labels, shard.seconds_behind
            yield "sourcery_consumer_attempts", labels, shard.attempts
            if shard.tick_age is not None:
                yield "sourcery_consumer_tick_seconds", labels, shard.tick_age
        for status, count in health.letters.items():
            yield "sourcery_dead_letters", (self.name, health.name, status.value), count

    def _topic(self, depth: OutboxDepth) -> Iterator[_Sample]:
        labels = (self.name, depth.topic, depth.relay or "")
        yield "sourcery_outbox_pending", labels, depth.pending
        yield "sourcery_outbox_oldest_seconds", labels, depth.oldest


def _first(rows: list[ConsumerRow], at_most: int) -> list[ConsumerRow]:
    """Those of the first consumers, of none a part."""
    chosen: list[ConsumerRow] = []
    for row in rows:
        if row.shard == 0 and len(chosen) + row.shards > at_most:
            break
        chosen.append(row)
    return chosen
