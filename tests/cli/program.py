"""A user's program: a store, subscribers, a relay and read models on the test's database."""

import os
from typing import Any

from attrs import frozen

from sourcery import ErrorPolicy, EventStore, ReadModel, Recorded, Relay, Subscriber, event
from sourcery.publishers import FilePublisher
from tests.domain import Account, Deposited, Order, Remarked
from tests.read_models.support import first, second

URL = "PROGRAM_DATABASE_URL"


@event("account.deposited")
@frozen
class Broken:
    """What cannot read what is stored."""

    sum: int


def store() -> EventStore:
    """As the program has it."""
    return EventStore(os.environ[URL], aggregates=[Account, Order], events=Remarked)


def broken() -> EventStore:
    """The same in a release that cannot read its past."""
    return EventStore(os.environ[URL], events=Broken)


def handle(uow: Any, recorded: Recorded[Deposited]) -> None:
    """Count."""


def audit() -> Subscriber:
    """A subscriber."""
    return Subscriber(store(), "audit", handle, events=Deposited)


def audit_sharded() -> list[Subscriber]:
    """The same in a release with more shards."""
    return [Subscriber(store(), "audit", handle, events=Deposited, shards=3)]


def balances() -> ReadModel:
    """The first version of a read model."""
    return first(store())


def balances_next() -> ReadModel:
    """The second."""
    return second(store())


def failing() -> ReadModel:
    """One whose handler fails."""
    return first(store(), fails, on_error=ErrorPolicy("stop", retries=0))


def fails(*_: object) -> None:
    """Whatever it is given."""
    raise ValueError("the handler says no")


def everything() -> list[Any]:
    """What `run` runs."""
    one = store()
    path = os.environ["PROGRAM_FILE"]
    return [
        Subscriber(one, "audit", handle, events=Deposited, lease=2.0),
        Relay(one, FilePublisher(path), topics=["payments"]),
        first(one),
    ]


def mismatched() -> list[Any]:
    """One that runs, and one that does not fit what is stored."""
    one = store()
    return [
        Subscriber(one, "other", handle, events=Deposited),
        Subscriber(one, "audit", handle, events=Deposited, shards=3),
    ]
