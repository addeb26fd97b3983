"""Errors of a unit of work: who was first, what became of the transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from sourcery.errors.base import Retryable, SourceryError

if TYPE_CHECKING:
    from sourcery.stream import Stream


@define
class StreamNotFound(SourceryError, LookupError):
    """`get` found no event in the stream."""

    stream: Stream

    def __str__(self) -> str:
        return f"{self.stream} has no events: use create or get_or_create to begin it"


@define
class StreamDamaged(SourceryError):
    """An event in the middle of a stream is not there, so that nobody knows the state after it.

    Somebody deleted it, or a restore is not whole. In a transaction at REPEATABLE READ whose view
    is older than an event that its own `ANY` append follows, it is only that view: begin anew.
    """

    stream: Stream
    #: The first version that is missing.
    missing: int

    def __str__(self) -> str:
        return (
            f"{self.stream} has no event of version {self.missing}, but later ones: bring it back "
            f"from a backup with its version and position; `sourcery verify` lists every gap"
        )


@define
class VersionConflict(Retryable):
    """Another writer was there first. Nothing was written; load afresh and decide again."""

    stream: Stream
    expected: int | str
    actual: int

    def __str__(self) -> str:
        return (
            f"{self.stream} is at version {self.actual}, expected {self.expected}: "
            f"load it again and decide afresh, as transact does"
        )


@define
class IdConflict(SourceryError):
    """The ids of an append are stored already, but not as the same append."""

    stream: Stream
    problem: str

    def __str__(self) -> str:
        return f"{self.stream}: {self.problem}; a repeated append must be the same events"


@define
class RetryTransaction(Retryable):
    """The database gave up the transaction (deadlock, lock timeout, serialization).

    In a unit of work of its own `transact` runs it again. A joined one belongs to its
    owner: roll back the whole transaction and run it again.
    """

    cause: str

    def __str__(self) -> str:
        return f"the database asks to run the transaction again: {self.cause}"


@define
class CommitUnknown(SourceryError):
    """The connection was lost during COMMIT and no event id tells whether it happened."""

    cause: str

    def __str__(self) -> str:
        return (
            f"the connection was lost during COMMIT ({self.cause}): the transaction may or may "
            f"not be stored; look for its effects before running it again"
        )


@define
class UnitOfWorkError(SourceryError):
    """A unit of work is used outside its life: entered once, left once, then only read."""

    problem: str

    def __str__(self) -> str:
        return self.problem


@define
class TransactionEnded(SourceryError):
    """The transaction was committed or rolled back inside the unit of work."""

    problem: str

    def __str__(self) -> str:
        return (
            f"{self.problem}: the events of this unit of work were not written; "
            f"leave commit and rollback to the end of its block"
        )
