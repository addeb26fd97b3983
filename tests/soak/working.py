"""Processes that read: subscribers, a relay, a live projection."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Literal

from attrs import frozen

from sourcery import ErrorPolicy, EventStore, LiveProjection, Relay, Subscriber
from sourcery.publishers import publisher_for
from tests.faults.model import Model, Moved
from tests.soak.shop import PURSE, Turnover, open_shop

Say = Callable[[str], None]
Kind = Literal["balances", "manager", "flaky", "relay", "live"]
#: Seconds of a lease: a killed worker is replaced after so many.
LEASE: Final = 2.0
#: Share of events that fail at first in the consumer that parks.
FAILING: Final = 0.05
#: The shards of each consumer.
SHARDS: Final = {"balances": 4, "manager": 2, "flaky": 2}


@frozen(kw_only=True)
class Spec:
    """What a process is to run."""

    url: str
    kind: Kind
    #: The publisher's URL.
    to: str
    topic: str


class Unlucky(Exception):
    """What the handler of the consumer that parks raises now and then."""


def live(spec: Spec, say: Say) -> None:
    """Work until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with open_shop(spec.url) as store:
        say("working")
        match spec.kind:
            case "relay":
                _relay(store, spec).run(stop)
            case "live":
                _follow(store, stop, say)
            case _:
                _subscriber(store, spec.kind).run(stop)


def _subscriber(store: EventStore, kind: str) -> Subscriber:
    model = Model(kind)
    handler: Callable[..., object] = model.each
    options: dict[str, Any] = {"shards": SHARDS[kind], "lease": LEASE, "page": 100}
    if kind == "manager":
        handler, options["categories"] = model.manager, [PURSE]
    if kind == "flaky":
        handler = _unlucky(model)
        options["on_error"] = ErrorPolicy("park", retries=0)
    else:
        options["on_error"] = ErrorPolicy("stop", retries=1000, wait=0.05, longest_wait=0.5)
    return Subscriber(store, kind, handler, events=Moved, **options)


def _unlucky(model: Model) -> Callable[[Any, Any], None]:
    def handle(uow: Any, recorded: Any) -> None:
        model.each(uow, recorded)
        if random.random() < FAILING:
            raise Unlucky

    return handle


def _relay(store: EventStore, spec: Spec) -> Relay:
    policy = ErrorPolicy("park", retries=1_000_000, wait=0.05, longest_wait=0.5)
    return Relay(
        store,
        publisher_for(spec.to),
        topics=[spec.topic],
        shards=2,
        lease=LEASE,
        on_error=policy,
        keep=timedelta(seconds=10),
    )


def _follow(store: EventStore, stop: threading.Event, say: Say) -> None:
    """Keep a state in memory; at the end say whether it is what the log says."""
    with LiveProjection(store, Turnover) as projection:
        while not stop.wait(0.5):
            projection.current()
        projection.wait_for(store.now(), timeout=60.0)
        state = projection.current()
        folded = Turnover()
        for recorded in store.read(events=Moved):
            folded.apply(recorded)
        seen = (state.events, state.total), (folded.events, folded.total)
        say("equal" if seen[0] == seen[1] else f"differs: {seen}")
