"""Process managers: what a handler records and sends is caused by the event in hand."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import String, cast, select

from sourcery import Consumer, EventStore, Metadata, Recorded, UnitOfWork, metadata
from sourcery.schema import outbox
from tests.domain import ADA, ORDER, AccountEvent, Deposited, Order, Placed, append
from tests.subscriber.support import NAME, Fails, deposit, policy, subscriber

pytestmark = pytest.mark.promise(21)

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
WHOLE = {"correlation_id": "request 1", "actor": "ada", "traceparent": TRACE}


def headers(store: EventStore) -> list[dict[str, Any]]:
    """The headers of all messages, in order."""
    query = select(cast(outbox.c.headers, String(2000))).order_by(outbox.c.position)
    with store.engine.connect() as connection:
        return [json.loads(text) for text in connection.scalars(query)]


def order_events(store: EventStore) -> list[Recorded[Any]]:
    """What the process manager did."""
    return list(store.read(ORDER))


def place_and_tell(uow: UnitOfWork, recorded: Recorded[AccountEvent]) -> None:
    """Command another aggregate, append, and send, each once."""
    uow.get_or_create(Order, "1").place("tea")
    uow.publish("placed", payload=1)


def test_metadata_is_carried_on(bank: EventStore) -> None:
    """Events and messages name the event that led to them, and belong to what that belongs to."""
    with metadata(causation_id="message 9", **WHOLE):
        append(bank, ADA, [Deposited(1)])
    [cause] = bank.read(ADA)
    subscriber(bank, place_and_tell, events=AccountEvent).drain()
    expected = WHOLE | {"causation_id": str(cause.event_id)}
    assert [Metadata(**expected)] == [recorded.metadata for recorded in order_events(bank)]
    assert [expected] == headers(bank)


def test_an_event_without_a_correlation_begins_one(bank: EventStore) -> None:
    """With its own id."""
    deposit(bank)
    [cause] = bank.read(ADA)
    subscriber(bank, place_and_tell, events=AccountEvent).drain()
    own_id = str(cause.event_id)
    expected = Metadata(correlation_id=own_id, causation_id=own_id)
    assert [expected] == [recorded.metadata for recorded in order_events(bank)]


def test_each_event_of_a_page_is_a_cause_of_its_own(bank: EventStore) -> None:
    """Also in parts of one page, appended and sent by hand."""
    for actor in ("ada", "bob", "eve"):
        with metadata(actor=actor):
            append(bank, ADA, [Deposited(1)])

    def handle(uow: UnitOfWork, recorded: Recorded[AccountEvent]) -> None:
        uow.append(ORDER, [Placed("tea")])
        uow.publish("placed", payload=1)

    subscriber(bank, handle, events=AccountEvent).drain()
    causes = [str(recorded.event_id) for recorded in bank.read(ADA)]
    assert causes == [recorded.metadata.causation_id for recorded in order_events(bank)]
    assert ["ada", "bob", "eve"] == [recorded.metadata.actor for recorded in order_events(bank)]
    assert causes == [found["causation_id"] for found in headers(bank)]


def test_a_handler_may_say_more(bank: EventStore) -> None:
    """A block around what it does lies on top; the cause stays named, and the block ends."""
    with metadata(**WHOLE):
        append(bank, ADA, [Deposited(1)])
    [cause] = bank.read(ADA)

    def handle(uow: UnitOfWork, recorded: Recorded[AccountEvent]) -> None:
        with metadata(actor="the process manager"):
            uow.append(ORDER, [Placed("tea")])
        uow.publish("placed", payload=1)

    subscriber(bank, handle, events=AccountEvent).drain()
    expected = WHOLE | {"causation_id": str(cause.event_id)}
    [recorded] = order_events(bank)
    assert Metadata(**expected | {"actor": "the process manager"}) == recorded.metadata
    assert [expected] == headers(bank)


def test_metadata_around_the_subscriber_is_not_the_events(bank: EventStore) -> None:
    """The program that runs it is no cause; what is left when it ends is what was before."""
    deposit(bank)
    with metadata(actor="the operator", traceparent=TRACE):
        subscriber(bank, place_and_tell, events=AccountEvent).drain()
        append(bank, ADA, [Deposited(2)])
    assert [None] == [recorded.metadata.actor for recorded in order_events(bank)]
    assert ["the operator"] == [r.metadata.actor for r in bank.read(ADA) if r.version == 2]


def test_a_batch_is_caused_by_its_last_event(bank: EventStore) -> None:
    """There is one call for all of them."""
    deposit(bank, "ada", 3)
    last = list(bank.read(ADA))[-1]

    def handle(uow: UnitOfWork, batch: Sequence[Recorded[AccountEvent]]) -> None:
        uow.append(ORDER, [Placed("tea")])

    subscriber(bank, handle, events=AccountEvent, batch=True).drain()
    assert [str(last.event_id)] == [r.metadata.causation_id for r in order_events(bank)]


def test_effects_are_causes_too(bank: EventStore) -> None:
    """A unit of work of the handler's own carries the event on."""
    deposit(bank, "ada", 2)

    def handle(recorded: Recorded[AccountEvent]) -> None:
        with UnitOfWork(bank) as uow:
            uow.append(ORDER, [Placed("tea")])

    subscriber(bank, handle, events=AccountEvent, effects=True).drain()
    causes = [str(recorded.event_id) for recorded in bank.read(ADA)]
    assert causes == [recorded.metadata.causation_id for recorded in order_events(bank)]


def test_a_retried_letter_is_a_cause_as_before(bank: EventStore) -> None:
    """Handled late, out of its turn."""
    deposit(bank)
    [cause] = bank.read(ADA)
    options: dict[str, Any] = {"events": AccountEvent, "on_error": policy("park")}
    subscriber(bank, Fails(["ada 1"]), **options).drain()
    Consumer(bank, NAME).retry()
    subscriber(bank, place_and_tell, **options).drain()
    expected = str(cause.event_id)
    assert [expected] == [recorded.metadata.causation_id for recorded in order_events(bank)]
