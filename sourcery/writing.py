"""How a unit of work ends: write the batch, tell a repeat from a conflict, commit."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from sourcery.database import Database
from sourcery.dialects import Batch, Written
from sourcery.errors import CommitUnknown, RetryTransaction
from sourcery.identity import Identity
from sourcery.log import append, explain_conflict, stored_by, translated
from sourcery.stream import Stream, bucket_of
from sourcery.token import Token
from sourcery.transactions import UnitTransaction


def write_and_commit(
    database: Database, unit: UnitTransaction, batch: Batch, repeatable: Sequence[Stream]
) -> Token | None:
    """Write and commit (a joined unit: release its savepoint); None when nothing was written.

    A repeated append writes nothing, undoes what was flushed and has the first one's token.
    """
    written = append(unit.connection, database.dialect, batch)
    if written is None:
        unit.rollback()
        return _repeated(database, unit, batch, repeatable)
    commit(database, unit, batch)
    return token_of(database.identity, batch, written)


def _repeated(
    database: Database, unit: UnitTransaction, batch: Batch, repeatable: Sequence[Stream]
) -> Token | None:
    connection, dialect = unit.connection, database.dialect
    with translated(dialect):
        written = explain_conflict(connection, dialect, batch, repeatable)
        if batch.messages or len(set(repeatable)) < len(batch.streams):
            # positions of what has no id are not known any more: a later one waits for them too
            written = Written(written.events, (dialect.greatest_position(connection),))
    return token_of(database.identity, batch, written)


def commit(database: Database, unit: UnitTransaction, batch: Batch) -> None:
    """Commit, and wake who waits for it. When the answer is lost, find out whether it happened.

    Raises `RetryTransaction` when it did not, `CommitUnknown` when nothing can tell.
    """
    try:
        with translated(database.dialect):
            unit.commit()
    except DBAPIError as error:
        if not error.connection_invalidated or unit.joined:
            raise
        cause = type(error.orig).__name__
        if not _happened(database, unit.backend, batch, cause):
            raise RetryTransaction(f"the connection was lost at commit: {cause}") from error
    if batch.size:
        _wake(database, unit)


def _wake(database: Database, unit: UnitTransaction) -> None:
    if unit.joined:
        database.committing(unit.connection)
    else:
        database.committed()


def _happened(database: Database, backend: int | None, batch: Batch, cause: str) -> bool:
    """Whether the batch is stored, once its backend can no longer commit it."""
    if not batch.recognisable:
        raise CommitUnknown(cause)
    try:
        with database.reading() as connection:
            ended = backend is None or database.dialect.end_backend(connection, backend)
            stored = stored_by(connection, batch)
    except DBAPIError as error:
        raise CommitUnknown(cause) from error
    if stored is None and not ended:
        raise CommitUnknown(cause)
    return stored is not None


def token_of(identity: Identity, batch: Batch, written: Written) -> Token | None:
    """The token of what was written; None when that is nothing."""
    positions = (*written.events, *written.messages)
    if not positions:
        return None
    buckets = {bucket_of(s.stream.key) for s in batch.streams} or {m.bucket for m in batch.messages}
    return Token(
        store_id=identity.store_id,
        generation=identity.generation,
        first=min(positions),
        last=max(positions),
        buckets=tuple(sorted(buckets)),
        event_id=str(batch.streams[0].rows[0].event_id) if batch.streams else None,
    )
