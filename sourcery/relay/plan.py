"""A relay as its program declares it, and the run that is made of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from attrs import field, frozen

from sourcery.consumers import OUTBOX, ConsumerSpec, check_shards
from sourcery.consumers.filters import MessageFilter
from sourcery.log import MessageQuery
from sourcery.messages import Publisher
from sourcery.relay.circuit import Circuit
from sourcery.relay.crew import Crew
from sourcery.relay.parcels import OutboxParcels, Parcels
from sourcery.relay.sender import Sender
from sourcery.relay.settings import consumer_name, relay_settings
from sourcery.relay.tidying import Tidying
from sourcery.relay.turns import Sending
from sourcery.start import ORIGIN, Start
from sourcery.store import EventStore
from sourcery.worker import Job, Settings
from sourcery.worker.loop import Turner
from sourcery.worker.means import Means

logger: logging.Logger = logging.getLogger("sourcery.relay")


def _fits(instance: Plan, attribute: Any, settings: Settings) -> None:
    relay_settings(instance.publisher, settings)


@frozen(kw_only=True, eq=False)
class Plan:
    """What all relays have."""

    store: EventStore
    publisher: Publisher
    name: str
    settings: Settings = field(validator=_fits)
    shards: int = field(converter=check_shards)
    on_caught_up: Callable[[], object] | None

    def begin(self, means: Means) -> Turner:
        """A run; its end closes the publisher."""
        means.at_end.append(self._close)
        circuit, observers = Circuit(self.publisher), self.store.observers
        return self.turner(means, Sender(self.publisher, circuit, self.name, observers))

    def turner(self, means: Means, sender: Sender) -> Turner:
        """What the loop goes round with."""
        raise NotImplementedError

    def job(self, spec: ConsumerSpec, start: Start, parcels: Parcels, sender: Sender) -> Job:
        """One consumer of it."""
        return Job(
            store=self.store,
            spec=spec,
            source=parcels,
            turns=Sending(parcels, sender),
            start=start,
            settings=self.settings,
            has_effects=True,
            on_caught_up=self.on_caught_up,
        )

    @property
    def origin(self) -> str:
        """Names the store to receivers."""
        return f"urn:sourcery:{self.store.database.identity.store_id}"

    def _close(self) -> None:
        try:
            self.publisher.close()
        except Exception as error:  # noqa: BLE001 - what was sent is sent
            text, facts = "relay %s: its publisher did not close: %s", {"relay": self.name}
            logger.warning(text, self.name, error, extra=facts)


@frozen(kw_only=True, eq=False)
class OutboxPlan(Plan):
    """Messages of the outbox."""

    topics: tuple[str, ...] | None
    keep: timedelta | None

    def __attrs_post_init__(self) -> None:
        for topic in self.topics or ():
            self._spec(topic)  # refused here, not when it runs

    def turner(self, means: Means, sender: Sender) -> Turner:
        """All topics."""
        tidying = Tidying(self.store.database, self.keep)
        job_of = partial(self._job_of, sender)
        crew = Crew(
            self.store,
            means,
            job_of,
            tidying,
            looks=self.topics is None,
            interval=self.settings.interval,
        )
        for topic in self.topics or ():
            crew.add(topic)
        return crew

    def _job_of(self, sender: Sender, topic: str) -> Job:
        parcels = OutboxParcels(MessageQuery(topic=topic), self.origin)
        return self.job(self._spec(topic), ORIGIN, parcels, sender)

    def _spec(self, topic: str) -> ConsumerSpec:
        name, filter = consumer_name(self.name, topic), MessageFilter(topic=topic).to_json()
        return ConsumerSpec(name=name, log=OUTBOX, shards=self.shards, filter=filter)
