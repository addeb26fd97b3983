r"""The unit of work: one transaction that writes events, outbox rows and the caller's own rows.

    new --enter--> open --clean exit--> committed
                     \---exception----> rolled back

Events and then messages are written last, just before commit, streams in sorted order, so
that locks are short.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from sourcery.changes import Changes
from sourcery.context import in_handler, note_written
from sourcery.dialects import Batch
from sourcery.errors import Retryable, UnitOfWorkError, UseTheHandlersSession, VersionConflict
from sourcery.expected import ANY, ExpectedVersion, check_expected
from sourcery.inbox import accept
from sourcery.joining import Joinable, JoinedTransaction
from sourcery.log import stale, translated
from sourcery.observing import ObservedAppend
from sourcery.outbox import message
from sourcery.outgoing import Outgoing
from sourcery.selection import check_stream
from sourcery.snapshotting import UnitSnapshots
from sourcery.store import EventStore, check_store
from sourcery.stream import Stream, StreamId
from sourcery.token import Token
from sourcery.transactions import OwnTransaction, State, UnitTransaction
from sourcery.unit_states import UnitStates
from sourcery.writing import write_and_commit

logger: logging.Logger = logging.getLogger("sourcery.unit_of_work")


class UnitOfWork(UnitStates):
    """One transaction, used once, by one thread.

    Commits on a clean exit, rolls back on any exception; your exceptions pass through as
    they are. What was recorded before an exception that you catch inside the block is
    committed: decide first, record last.

    With `session=` it joins your Session, scoped_session or Connection: it runs in a
    savepoint of your transaction, flushes and writes on exit, and leaves commit to you. An
    exception undoes the unit, not your transaction.

    Leaving the block raises `VersionConflict` or `RetryTransaction` when another writer was
    first (nothing was written: run the work again on fresh state, or use `transact`),
    `IdConflict` when event ids were used for something else, `EncodeError` for what cannot be
    stored, `CommitUnknown` when the connection was lost during COMMIT.
    """

    def __init__(self, store: EventStore, *, session: Joinable | None = None) -> None:
        check_store(store)
        self._store = store
        self._state = State.NEW
        self._changes = Changes(store.codec, store.mappings)
        if store.observers.watching:
            self._changes.traceparent = store.observers.traceparent
        self._snapshots = UnitSnapshots(store.database, store.keeper)
        self._token: Token | None = None
        self._transaction: UnitTransaction = (
            OwnTransaction(store.database)
            if session is None
            else JoinedTransaction(store.database, session)
        )

    def __enter__(self) -> Self:
        if self._state is not State.NEW:
            raise UnitOfWorkError(f"this unit of work is {self._state.value}; it is used once")
        if not self._transaction.joined and in_handler():
            raise UseTheHandlersSession("a unit of work of its own")
        self._transaction.begin()
        self._state = State.OPEN
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._check_open()
                self._finish()
        finally:
            if self._state is State.OPEN:
                self._undo()
            self._transaction.close()
            self._changes.end()
        if self._state is State.COMMITTED and not self._transaction.joined:
            self._snapshots.offer(repeatable=bool(self._changes.repeatable))

    # -- writing -----------------------------------------------------------------------

    def append(
        self,
        stream: Stream,
        events: Iterable[object],
        *,
        expected: ExpectedVersion = ANY,
        event_ids: Sequence[UUID] | None = None,
    ) -> None:
        """Append events without an aggregate, when the block ends.

        `expected` is the version the stream must have: 0 for a new one, `EXISTS`, or `ANY`
        for no check. With `event_ids`, one UUID per event, the same append sent again is
        recognised: the whole unit writes nothing, succeeds, and has the first one's token.
        Raises `EncodeError` and `UndeclaredEvent` now, and `InvalidArgument` for ids that are
        not as many as the events, or come without an expected version.
        """
        self._check_open()
        check_stream(stream)
        self._changes.append(stream, events, check_expected(expected), event_ids)

    def publish(
        self,
        topic: str,
        *,
        payload: object,
        key: StreamId | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Put a message into the outbox, if and only if this transaction commits.

        Messages of one topic and key stay in order; without a key there is none. The payload
        is encoded now: an attrs object or JSON value as JSON, bytes as they are. Raises
        `EncodeError` for what cannot be stored, control characters in `headers` among it, and
        `InvalidName` for a topic or key.
        """
        self._check_open()
        given = Outgoing(topic, payload, key=key, headers=headers)
        self._changes.messages.append(message(self._store.codec, given, self._changes.metadata()))

    def accept(
        self, consumer: str, message_id: str | UUID, *, sent_at: datetime | None = None
    ) -> bool:
        """Whether `consumer` is given this message of a broker's for the first time.

        False says that it is a repeat, to be acknowledged and left alone. True is remembered if
        and only if this transaction commits; meanwhile others who accept the same id wait for
        it. `sent_at` is when the message was made (not delivered), the same at each repeat; an id
        that is a UUIDv7 says it by itself. Raises `MessageTooOld` when the inbox is purged up to
        that time. Without a time a repeat is taken for new once the inbox has forgotten it.
        """
        self._check_open()
        dialect = self._store.database.dialect
        try:
            with translated(dialect):
                return accept(self._transaction.connection, dialect, consumer, message_id, sent_at)
        except (DBAPIError, Retryable):
            self._undo()  # whoever catches this must not go on without the row
            raise

    @property
    def session(self) -> Session:
        """The SQLAlchemy session of this transaction, for rows of your own.

        Its `commit()` only flushes: the unit of work commits when its block ends. Do not close
        it: rows that it has not flushed yet would be forgotten.
        """
        self._check_open()
        return self._transaction.session

    @property
    def token(self) -> Token:
        """Names exactly this commit, to wait for what follows from it.

        Of a unit that wrote nothing it names all that was settled at its end. `UnitOfWorkError`
        before the end, and after a rollback, which leaves none.
        """
        if self._state is not State.COMMITTED:
            raise UnitOfWorkError(f"this unit of work is {self._state.value}: it has no token")
        if self._token is None:
            self._token = self._store.now()
        return self._token

    # -- the end -----------------------------------------------------------------------

    def _finish(self) -> None:
        try:
            self._transaction.flush()
        except IntegrityError as error:
            self._transaction.rollback()
            if conflict := self.find_conflict():
                raise conflict from error
            raise
        self._before_write()
        batch = self._changes.batch(self._store.clock)
        if self._store.observers.watching and batch.size:
            self._put_observed(batch)
        elif batch.size or self._transaction.is_open():
            self._token = self._put(batch)
        self._snapshots.gather(batch)
        self._changes.written()
        self._state = State.COMMITTED
        if self._transaction.joined:
            self._snapshots.offer_later(self._transaction.connection)
            if batch.size:
                note_written()

    def _put(self, batch: Batch) -> Token | None:
        database, repeatable = self._store.database, self._changes.repeatable
        return write_and_commit(database, self._transaction, batch, repeatable)

    def _put_observed(self, batch: Batch) -> None:
        append = ObservedAppend(
            streams=[one.stream for one in batch.streams],
            events=sum(len(one.rows) for one in batch.streams),
            messages=len(batch.messages),
            joined=self._transaction.joined,
        )
        with self._store.observers.appending(append):
            self._token = append.token = self._put(batch)

    def _before_write(self) -> None:
        """What a kind of unit has to do last, before its events are written."""

    def _undo(self) -> None:
        """Roll back; an error in that never hides the one that led here."""
        self._state = State.ROLLED_BACK
        try:
            self._transaction.rollback()
        except Exception:
            logger.warning("a unit of work could not be rolled back", exc_info=True)

    def end_backend(self) -> None:
        """End the server's side of a lost connection, as far as the server can be reached.

        It need not have noticed, and what it holds locked would make the next attempt wait.
        """
        database, backend = self._store.database, self._transaction.backend
        if backend is None or self._transaction.joined:
            return
        try:
            with database.reading() as connection:
                database.dialect.end_backend(connection, backend)
        except DBAPIError as error:
            cause = type(error.orig).__name__
            logger.warning("the server's side of a lost connection was not ended: %s", cause)

    def find_conflict(self) -> VersionConflict | None:
        """After an IntegrityError of your own rows: whether a loaded stream is stale.

        Rows written beside an aggregate often collide before its events do, and then the
        stale aggregate is the cause. Of a joined unit nothing can be told.
        """
        if self._transaction.joined:
            return None
        with self._store.database.reading() as connection:
            return stale(connection, self._store.database.dialect, self._changes.seen())
