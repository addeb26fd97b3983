"""A page of a consumer as a unit of work: what its handler did commits with the checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction

from sourcery.context import in_handler
from sourcery.errors import TransactionEnded, UseTheHandlersSession
from sourcery.store import EventStore
from sourcery.transactions import OwnTransaction
from sourcery.unit_of_work import UnitOfWork


class PageUnit(UnitOfWork):
    """A unit of work on a worker's own connection, which stays open.

    `write` moves the checkpoint, fenced by the lease. It runs before the events of the page are
    written, so that nobody who lost the lease takes a floor or the counter row.
    """

    def __init__(
        self, store: EventStore, connection: Connection, write: Callable[[Connection], None]
    ) -> None:
        super().__init__(store)
        self._transaction = PageTransaction(store.database, connection)
        self._write = write

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if in_handler():
            raise UseTheHandlersSession("ending the unit of work of the page")
        super().__exit__(kind, error, traceback)

    @property
    def has_changes(self) -> bool:
        """Whether an event or message is to be written at the end."""
        return self._changes.is_any

    def _before_write(self) -> None:
        self._write(self._transaction.connection)


class PageTransaction(OwnTransaction):
    """The transaction of several events, whose session none of them may roll back.

    A rollback forgets rows that were not flushed yet, those of the events before as well, and
    the database need not hear of it.
    """

    _is_rolled_back = False

    @property
    def session(self) -> Session:
        known, session = self._session, super().session
        if session is not known:
            event.listen(session, "after_soft_rollback", self._note_rollback)
        return session

    def _note_rollback(self, session: Session, ended: SessionTransaction) -> None:
        self._is_rolled_back |= ended.parent is None  # others end a savepoint

    def flush(self) -> None:
        if self._is_rolled_back:
            raise TransactionEnded("the session was rolled back inside the page")
        super().flush()
