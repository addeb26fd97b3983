"""What the type checkers must say about relays."""

from datetime import timedelta
from threading import Event
from typing import assert_type
from uuid import UUID

from sourcery import (
    EventStore,
    MessageState,
    OutboxDepth,
    OutboxMessage,
    Outgoing,
    Purged,
    Recorded,
    Relay,
    outbox_depth,
    outbox_message,
    outbox_messages,
    purge_outbox,
)
from sourcery.messages import Message
from sourcery.publishers import CallablePublisher
from tests.typing.domain import Deposited, Opened


def send(message: Message) -> None:
    """A function is a publisher."""
    assert_type(message.message_id, UUID)
    assert_type(message.payload, bytes)


def mapping(recorded: Recorded[Opened | Deposited]) -> Outgoing | None:
    """What log mode sends."""
    if isinstance(recorded.event, Opened):
        return None
    return Outgoing("deposits", recorded.event, key=recorded.stream.id)


def run(store: EventStore) -> None:
    """A relay of the outbox."""
    relay = Relay(store, CallablePublisher(send), topics=["payments"], on_error="skip")
    relay.run(Event())
    assert_type(relay.run_once(), int)
    assert_type(relay.drain(5.0), int)
    assert_type(relay.name, str)
    Relay(store, send)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    Relay(store, CallablePublisher(send), on_error="wait")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def run_events(store: EventStore) -> None:
    """A relay of the log."""
    publisher = CallablePublisher(send)
    relay = Relay.of_events(store, publisher, mapping, events=Opened | Deposited, name="out")
    assert_type(relay, Relay)
    Relay.of_events(store, publisher, mapping, events=Deposited, name="out", shards=2)
    Relay.of_events(store, publisher, mapping, events=Deposited)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


def ask(store: EventStore) -> None:
    """What became of messages."""
    assert_type(outbox_message(store, "id"), OutboxMessage | None)
    found = outbox_messages(store, status="parked", topic="payments", limit=5)
    assert_type(found, list[OutboxMessage])
    assert_type(found[0].state, MessageState)
    assert_type(outbox_depth(store), list[OutboxDepth])
    assert_type(purge_outbox(store, older_than=timedelta(days=1)), Purged)
