"""Sourcery: event sourcing for Python on SQLAlchemy."""

from sourcery.accepting import Accepting, accepting
from sourcery.aggregate import Aggregate
from sourcery.codec import Codec, JsonCodec, Part, rename, upcast
from sourcery.consumers import Letter
from sourcery.context import Metadata, metadata
from sourcery.control import Consumer, ConsumerHealth, consumer_health
from sourcery.events import event
from sourcery.expected import ANY, EXISTS
from sourcery.inbox_retention import purge_inbox
from sourcery.live import LiveProjection
from sourcery.outgoing import MessageMapping, Outgoing, outgoing
from sourcery.policy import Policy, always, any_of, every, never, on, slower_than
from sourcery.projection import Projection
from sourcery.recorded import Recorded
from sourcery.retry import Transacted, execute, transact
from sourcery.snapshots import MemorySnapshots, NoSnapshots, SnapshotStore, SqlSnapshots
from sourcery.start import NOW, ORIGIN
from sourcery.store import EventStore
from sourcery.stream import Stream
from sourcery.subscriber import Subscriber
from sourcery.subscription import Subscription
from sourcery.token import Token
from sourcery.unit_of_work import UnitOfWork
from sourcery.worker import ErrorPolicy

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
    "JsonCodec",
    "Letter",
    "LiveProjection",
    "MemorySnapshots",
    "MessageMapping",
    "Metadata",
    "NoSnapshots",
    "Outgoing",
    "Part",
    "Policy",
    "Projection",
    "Recorded",
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
    "event",
    "every",
    "execute",
    "metadata",
    "never",
    "on",
    "outgoing",
    "purge_inbox",
    "rename",
    "slower_than",
    "transact",
    "upcast",
]
