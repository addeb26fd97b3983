"""Relays of the event log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attrs import frozen

from sourcery.codec import Decoder
from sourcery.consumers import EVENTS, ConsumerSpec
from sourcery.consumers.filters import EventFilter
from sourcery.events import event_type
from sourcery.log import Query
from sourcery.messages import Publisher
from sourcery.outgoing import Given
from sourcery.recorded import Recorded
from sourcery.relay.mapped import EventParcels
from sourcery.relay.plan import Plan
from sourcery.relay.sender import Sender
from sourcery.relay.settings import PAGE, RelayOptions, relay_policy
from sourcery.selection import check_call, check_categories, check_start
from sourcery.start import Start
from sourcery.store import EventStore
from sourcery.worker import Rounds, Settings
from sourcery.worker.loop import Turner
from sourcery.worker.means import Means


@frozen(kw_only=True, eq=False)
class EventsPlan(Plan):
    """Events, and what a mapping makes of them."""

    spec: ConsumerSpec
    query: Query
    decoder: Decoder
    mapping: Callable[[Recorded[Any]], Given]
    start: Start

    @classmethod
    def of(
        cls,
        store: EventStore,
        publisher: Publisher,
        mapping: Callable[[Recorded[Any]], Given],
        events: object,
        name: str,
        categories: Iterable[str],
        after: Start,
        options: RelayOptions,
    ) -> EventsPlan:
        """Checked. Raises `InvalidArgument` and `InvalidName`."""
        check_call("mapping", mapping)
        check_start(after)
        classes, names = store.wanted(events, "Relay.of_events"), check_categories(None, categories)
        decoder, kinds = store.decoder(classes), [event_type(cls).kind for cls in classes]
        filter = EventFilter(kinds=kinds, categories=names, relayed=True).to_json()
        given: dict[str, Any] = {"page": PAGE} | dict(options)
        policy = relay_policy(given.pop("on_error", "park"))
        shards, caught_up = given.pop("shards", 1), given.pop("on_caught_up", None)
        check_call("on_caught_up", caught_up)
        return cls(
            store=store,
            publisher=publisher,
            name=name,
            settings=Settings(policy=policy, **given),
            shards=shards,
            on_caught_up=caught_up,
            spec=ConsumerSpec(name=name, log=EVENTS, shards=shards, filter=filter),
            query=Query(kinds=tuple(sorted(decoder.kinds)), categories=names),
            decoder=decoder,
            mapping=mapping,
            start=after,
        )

    def turner(self, means: Means, sender: Sender) -> Turner:
        """The one consumer."""
        parcels = EventParcels(
            self.query,
            decoder=self.decoder,
            codec=self.store.codec,
            mapping=self.mapping,
            origin=self.origin,
        )
        return Rounds(self.job(self.spec, self.start, parcels, sender), means)
