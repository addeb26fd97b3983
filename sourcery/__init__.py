"""Sourcery: event sourcing for Python on SQLAlchemy."""

from sourcery.aggregate import Aggregate
from sourcery.codec import Codec, JsonCodec, Part, rename, upcast
from sourcery.context import Metadata, metadata
from sourcery.events import event
from sourcery.expected import ANY, EXISTS
from sourcery.recorded import Recorded
from sourcery.retry import Transacted, execute, transact
from sourcery.store import EventStore
from sourcery.stream import Stream
from sourcery.token import Token
from sourcery.unit_of_work import UnitOfWork

__all__ = [
    "ANY",
    "EXISTS",
    "Aggregate",
    "Codec",
    "EventStore",
    "JsonCodec",
    "Metadata",
    "Part",
    "Recorded",
    "Stream",
    "Token",
    "Transacted",
    "UnitOfWork",
    "event",
    "execute",
    "metadata",
    "rename",
    "transact",
    "upcast",
]
