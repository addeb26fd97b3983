"""Log mode: messages made of events, without outbox rows."""

import json
from typing import Any
from uuid import uuid5

import pytest
from sqlalchemy import update

from sourcery import Consumer, EventStore, Outgoing, Recorded, Relay, Stream, metadata
from sourcery.errors import ConsumerMismatch, EventAhead, InvalidArgument
from sourcery.schema import events
from tests.domain import (
    ADA,
    BOB,
    AccountEvent,
    Deposited,
    Opened,
    Remarked,
    append,
    messages_stored,
)
from tests.ordering.support import DEADLINE
from tests.relay.support import Broker, Ordered, Reordering, fails, number_of, policy, publish

pytestmark = pytest.mark.promise(38)
NAME = "events"


def one(recorded: Recorded[AccountEvent]) -> Outgoing | None:
    """A message of each deposit."""
    match recorded.event:
        case Deposited(amount):
            return Outgoing("deposits", {"n": amount})
        case _:
            return None


def events_relay(store: EventStore, broker: Broker, mapping: Any = one, **options: Any) -> Relay:
    """One of account events."""
    settings: dict[str, Any] = {"events": AccountEvent, "name": NAME, "on_error": policy()}
    return Relay.of_events(store, broker, mapping, **settings | options)


def deposit(store: EventStore, stream: Stream, *amounts: int) -> None:
    """Events to send."""
    append(store, stream, [Deposited(amount) for amount in amounts])


def test_an_event_is_sent_as_its_mapping_says(bank: EventStore) -> None:
    """With the event's id, its time and stream, and what it was caused by."""
    with metadata(actor="ada"):
        deposit(bank, ADA, 7)
    broker = Broker()
    assert 1 == events_relay(bank, broker).drain(DEADLINE)
    [message], [recorded] = broker.sent, list(bank.read(ADA))
    assert (recorded.event_id, recorded.position) == (message.message_id, message.position)
    assert ("deposits", "ada", {"n": 7}) == (
        message.topic,
        message.key,
        json.loads(message.payload),
    )
    assert recorded.recorded_at == message.created_at
    assert ("ada", str(recorded.event_id)) == (
        message.headers["actor"],
        message.headers["causation_id"],
    )
    assert 0 == messages_stored(bank)


def test_an_event_may_have_none_or_several(bank: EventStore) -> None:
    """The first has the event's id, the others ids that follow from it."""

    def mapping(recorded: Recorded[AccountEvent]) -> list[Outgoing]:
        count = recorded.event.amount if isinstance(recorded.event, Deposited) else 0
        return [Outgoing("t", {"n": number}) for number in range(count)]

    append(bank, ADA, [Opened("Ada"), Deposited(3), Deposited(0)])
    broker = Reordering()
    events_relay(bank, broker, mapping).drain(DEADLINE)
    event_id = list(bank.read(ADA))[1].event_id
    ids = [event_id, uuid5(event_id, "0.1"), uuid5(event_id, "0.2")]
    assert ([0, 1, 2], ids) == (broker.numbers, [message.message_id for message in broker.sent])


@pytest.mark.parametrize("make", [Broker, Ordered, Reordering])
def test_streams_are_sent_in_order(bank: EventStore, make: type[Broker]) -> None:
    """Over pages."""
    for amount in range(40):
        deposit(bank, Stream("account", f"k{amount % 4}"), amount)
    broker = make()
    events_relay(bank, broker, page=15).drain(DEADLINE)
    for key in range(4):
        assert list(range(key, 40, 4)) == broker.numbers_of(f"k{key}")


def test_messages_of_one_stream_stay_in_order_though_their_keys_differ(bank: EventStore) -> None:
    """Even where the publisher keeps the order of each key alone."""

    def mapping(recorded: Recorded[Deposited]) -> Outgoing:
        return Outgoing("t", {"n": recorded.event.amount}, key=recorded.event.amount % 2)

    deposit(bank, ADA, 1, 2, 3)
    broker = Ordered()
    events_relay(bank, broker, mapping, events=Deposited).drain(DEADLINE)
    assert ([1, 2, 3], 3) == (broker.numbers, len(broker.batches))


@pytest.mark.promise(39)
def test_a_failing_event_blocks_its_stream(bank: EventStore) -> None:
    """And is retried, in order."""
    deposit(bank, ADA, 1, 2)
    deposit(bank, BOB, 3)
    broker = Broker(fails([1]))
    events_relay(bank, broker, on_error=policy(retries=1)).drain(DEADLINE)
    letters = Consumer(bank, NAME).letters()
    assert [("account/ada", "parked"), ("account/ada", "behind")] == [
        (letter.key, letter.status) for letter in letters
    ]
    broker.judge = fails([])
    Consumer(bank, NAME).retry()
    events_relay(bank, broker).drain(DEADLINE)
    assert [3, 1, 2] == broker.numbers


def test_a_mapping_that_fails_is_a_failed_attempt(bank: EventStore) -> None:
    """It is called again, and its error is the letter's."""
    calls: list[int] = []

    def mapping(recorded: Recorded[Deposited]) -> Outgoing:
        if recorded.event.amount == 2:
            calls.append(2)
            raise KeyError("rate")
        return Outgoing("t", {"n": recorded.event.amount})

    deposit(bank, ADA, 1, 2, 3)
    deposit(bank, BOB, 4)
    broker = Broker()
    events_relay(bank, broker, mapping, events=Deposited, on_error=policy(retries=1)).drain(
        DEADLINE
    )
    head = Consumer(bank, NAME).letters()[0]
    assert ([1, 4], 2) == (sorted(broker.numbers), len(calls))
    assert ("parked", 2, "KeyError") == (head.status, head.attempts, head.error_class)


@pytest.mark.parametrize("made", ["text", Outgoing("", {}), Outgoing("t", object()), [1]])
def test_what_can_never_be_sent_is_given_up_at_once(bank: EventStore, made: Any) -> None:
    """With the reason."""
    deposit(bank, ADA, 1)
    broker = Broker()
    events_relay(bank, broker, lambda _: made).drain(DEADLINE)
    [letter] = Consumer(bank, NAME).letters()
    assert ("parked", 1, []) == (letter.status, letter.attempts, broker.batches)


def test_events_and_outbox_do_not_mix(bank: EventStore) -> None:
    """A consumer reads one log, and one filter."""
    deposit(bank, ADA, 1)
    events_relay(bank, Broker()).drain(DEADLINE)
    with pytest.raises(ConsumerMismatch, match="filter"):
        events_relay(bank, Broker(), events=Remarked).run_once()
    publish(bank, [1], topic="x")
    with pytest.raises(InvalidArgument, match="longer"):
        events_relay(bank, Broker(timeout=50.0))


def test_it_begins_where_it_is_told(bank: EventStore) -> None:
    """At its first start, and reads the categories it is told."""
    deposit(bank, ADA, 1)
    after = bank.settled()
    deposit(bank, ADA, 2)
    deposit(bank, Stream("other", "x"), 3)
    broker = Broker()
    events_relay(bank, broker, after=after, categories=["account"]).drain(DEADLINE)
    assert [2] == broker.numbers


@pytest.mark.promise(39)
def test_a_publisher_that_raises_for_one_of_several_messages(bank: EventStore) -> None:
    """Costs that event its attempts, and no other."""

    class Raises(Ordered):
        def publish(self, batch: Any) -> Any:
            if any(number_of(message) == 22 for message in batch):
                raise ValueError("a bug")
            return super().publish(batch)

    def mapping(recorded: Recorded[Deposited]) -> list[Outgoing]:
        amount = recorded.event.amount
        return [Outgoing("t", {"n": 10 * amount + number}) for number in (1, 2)]

    deposit(bank, ADA, 1, 2, 3)
    deposit(bank, BOB, 4)
    broker, options = Raises(), {"events": Deposited, "on_error": policy(retries=1)}
    events_relay(bank, broker, mapping, **options).drain(DEADLINE)
    assert [11, 12, 21, 21, 41, 42] == sorted(broker.numbers)
    assert ["parked", "behind"] == [letter.status for letter in Consumer(bank, NAME).letters()]


def test_an_event_of_a_newer_program_is_left_to_it(bank: EventStore) -> None:
    """No letter is made of it, as its message would be lost or another."""
    deposit(bank, ADA, 7)
    with bank.engine.begin() as connection:
        connection.execute(update(events).values(schema_version=2))
    broker = Broker()
    with pytest.raises(EventAhead):
        events_relay(bank, broker).run()
    consumer = Consumer(bank, NAME)
    assert ([], [], 0) == (broker.sent, consumer.letters(), consumer.health().position)
