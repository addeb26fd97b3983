"""Sourcery: event sourcing for Python on SQLAlchemy."""

import logging

from sourcery.accepting import Accepting, accepting
from sourcery.aggregate import Aggregate
from sourcery.codec import Codec, JsonCodec, MsgspecCodec, Part, rename, upcast
from sourcery.consumers import Letter
from sourcery.context import Metadata, metadata
from sourcery.control import (
    Consumer,
    ConsumerHealth,
    MessageState,
    OutboxDepth,
    OutboxMessage,
    consumer_health,
    outbox_depth,
    outbox_message,
    outbox_messages,
)
from sourcery.events import event
from sourcery.expected import ANY, EXISTS
from sourcery.importing import Imported, PastEvent, import_events
from sourcery.live import LiveProjection
from sourcery.observing import ObservedAppend, ObservedBatch, ObservedPage, Observer
from sourcery.outgoing import MessageMapping, Outgoing, outgoing
from sourcery.policy import Policy, always, any_of, every, never, on, slower_than
from sourcery.projection import Projection
from sourcery.read_models import ReadModel, serving_model
from sourcery.recorded import Recorded
from sourcery.relay import Relay
from sourcery.retention import Purged, purge_outbox
from sourcery.retry import Transacted, execute, transact
from sourcery.snapshots import MemorySnapshots, NoSnapshots, SnapshotStore, SqlSnapshots
from sourcery.start import NOW, ORIGIN
from sourcery.store import EventStore
from sourcery.stream import Stream
from sourcery.subscriber import Subscriber
from sourcery.subscription import Subscription
from sourcery.token import Token
from sourcery.unit_of_work import UnitOfWork
from sourcery.upkeep import delete_snapshots, purge_inbox, stored_snapshots, verify_snapshots
from sourcery.worker import ErrorPolicy

# Where they go is the program's affair: without handlers of its own nothing is printed.
logging.getLogger("sourcery").addHandler(logging.NullHandler())

__all__ = [
    "ANY",
    "EXISTS",
    "NOW",
    "ORIGIN",
    "Accepting",
    "Aggregate",
    "Codec",
    "Consumer",
    "ConsumerHealth",
    "ErrorPolicy",
    "EventStore",
    "Imported",
    "JsonCodec",
    "Letter",
    "LiveProjection",
    "MemorySnapshots",
    "MessageMapping",
    "MessageState",
    "Metadata",
    "MsgspecCodec",
    "NoSnapshots",
    "ObservedAppend",
    "ObservedBatch",
    "ObservedPage",
    "Observer",
    "OutboxDepth",
    "OutboxMessage",
    "Outgoing",
    "Part",
    "PastEvent",
    "Policy",
    "Projection",
    "Purged",
    "ReadModel",
    "Recorded",
    "Relay",
    "SnapshotStore",
    "SqlSnapshots",
    "Stream",
    "Subscriber",
    "Subscription",
    "Token",
    "Transacted",
    "UnitOfWork",
    "accepting",
    "always",
    "any_of",
    "consumer_health",
    "delete_snapshots",
    "event",
    "every",
    "execute",
    "import_events",
    "metadata",
    "never",
    "on",
    "outbox_depth",
    "outbox_message",
    "outbox_messages",
    "outgoing",
    "purge_inbox",
    "purge_outbox",
    "rename",
    "serving_model",
    "slower_than",
    "stored_snapshots",
    "transact",
    "upcast",
    "verify_snapshots",
]
