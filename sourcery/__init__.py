"""Sourcery: event sourcing for Python on SQLAlchemy."""

from sourcery.aggregate import Aggregate
from sourcery.codec import Codec, JsonCodec, Part, rename, upcast
from sourcery.consumers import Letter
from sourcery.context import Metadata, metadata
from sourcery.control import Consumer, ConsumerHealth, consumer_health
from sourcery.events import event
from sourcery.expected import ANY, EXISTS
from sourcery.live import LiveProjection
from sourcery.projection import Projection
from sourcery.recorded import Recorded
from sourcery.retry import Transacted, execute, transact
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
    "Aggregate",
    "Codec",
    "Consumer",
    "ConsumerHealth",
    "ErrorPolicy",
    "EventStore",
    "JsonCodec",
    "Letter",
    "LiveProjection",
    "Metadata",
    "Part",
    "Projection",
    "Recorded",
    "Stream",
    "Subscriber",
    "Subscription",
    "Token",
    "Transacted",
    "UnitOfWork",
    "consumer_health",
    "event",
    "execute",
    "metadata",
    "rename",
    "transact",
    "upcast",
]
