"""Every error of sourcery: what was wrong, and what to do next.

Errors carry their facts as attributes and build their text from them. No text holds a
payload or a password. An error that is also `Retryable` left nothing behind: running the
same work again on fresh state may succeed, and `transact` does so by itself.
"""

from sourcery.errors.base import (
    ConfigurationError,
    Retryable,
    SourceryError,
)
from sourcery.errors.consumers import (
    ConsumerDamaged,
    ConsumerFailed,
    ConsumerMismatch,
    ConsumerNotFound,
    ProjectionFailed,
    ProjectionNotRunning,
    RequestRefused,
    RequestUnanswered,
    SlowReader,
    TokenRefused,
    UseTheHandlersSession,
    WaitTimeout,
)
from sourcery.errors.messages import (
    BrokerUnavailable,
    DriverMissing,
    MessageRefused,
    PublisherMisconfigured,
    UnknownPublisher,
)
from sourcery.errors.setup import (
    AutocommitRefused,
    DatabaseMisconfigured,
    SchemaAhead,
    SchemaBehind,
    SchemaMissing,
    StandbyRefused,
    StoreClosed,
    StoreRewound,
    UnknownDatabase,
    UpgradeBlocked,
    WrongDatabase,
    WrongEnvironment,
)
from sourcery.errors.values import (
    DecodeError,
    DefinitionError,
    EncodeError,
    InvalidArgument,
    InvalidName,
    UndeclaredEvent,
)
from sourcery.errors.work import (
    CommitUnknown,
    IdConflict,
    RetryTransaction,
    StreamNotFound,
    TransactionEnded,
    UnitOfWorkError,
    VersionConflict,
)

__all__ = [
    "AutocommitRefused",
    "BrokerUnavailable",
    "CommitUnknown",
    "ConfigurationError",
    "ConsumerDamaged",
    "ConsumerFailed",
    "ConsumerMismatch",
    "ConsumerNotFound",
    "DatabaseMisconfigured",
    "DecodeError",
    "DefinitionError",
    "DriverMissing",
    "EncodeError",
    "IdConflict",
    "InvalidArgument",
    "InvalidName",
    "MessageRefused",
    "ProjectionFailed",
    "ProjectionNotRunning",
    "PublisherMisconfigured",
    "RequestRefused",
    "RequestUnanswered",
    "RetryTransaction",
    "Retryable",
    "SchemaAhead",
    "SchemaBehind",
    "SchemaMissing",
    "SlowReader",
    "SourceryError",
    "StandbyRefused",
    "StoreClosed",
    "StoreRewound",
    "StreamNotFound",
    "TokenRefused",
    "TransactionEnded",
    "UndeclaredEvent",
    "UnitOfWorkError",
    "UnknownDatabase",
    "UnknownPublisher",
    "UpgradeBlocked",
    "UseTheHandlersSession",
    "VersionConflict",
    "WaitTimeout",
    "WrongDatabase",
    "WrongEnvironment",
]
