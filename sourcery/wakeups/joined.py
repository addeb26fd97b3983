"""Tells when a caller's transaction, in which a unit of work wrote, has been committed.

SQLAlchemy says that a transaction is about to commit, but not that it has. Readers must not be
woken before they can see anything, so a thread waits for the transaction to be over.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import RLock, Thread, current_thread
from typing import Final
from weakref import WeakKeyDictionary

from attrs import frozen
from sqlalchemy import Connection, Transaction, event

logger: logging.Logger = logging.getLogger("sourcery.wakeups")

#: Seconds between two looks whether a COMMIT has been answered.
_GLANCE: Final = 0.001
#: Seconds after which its readers are left to look by themselves.
_PATIENCE: Final = 60.0

Call = Callable[[], object]

#: Who wants to know of the commit of a transaction, and what is to be called then.
_written: Final[WeakKeyDictionary[Transaction, tuple[tuple[JoinedCommits, Call], ...]]] = (
    WeakKeyDictionary()
)


@frozen(eq=False)
class _Ending:
    transaction: Transaction
    deadline: float
    call: Call

    @property
    def over(self) -> bool:
        return not self.transaction.is_active or time.monotonic() > self.deadline


class JoinedCommits:
    """Makes calls after the commit of the transactions that were marked, in a thread."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Ending | None] = SimpleQueue()
        self._lock = RLock()
        self._thread: Thread | None = None
        self._closed = False

    def mark(self, connection: Connection, call: Call) -> None:
        """Call it once after the commit of the connection's transaction; a rollback forgets it.

        The same call is made once, however often it is marked. It never raises.
        """
        transaction = connection.get_transaction()
        if transaction is None or self._closed:
            return
        others = _written.get(transaction, ())
        if (self, call) not in others:
            _written[transaction] = (*others, (self, call))
        for name, listener in _LISTENERS.items():
            if not event.contains(connection, name, listener):
                event.listen(connection, name, listener)

    def ending(self, transaction: Transaction, call: Call) -> None:
        """The transaction is about to commit."""
        self._queue.put(_Ending(transaction, time.monotonic() + _PATIENCE, call))
        with self._lock:
            if self._closed or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = Thread(target=self._run, name="sourcery-commits", daemon=True)
            try:
                self._thread.start()
            except RuntimeError as error:  # no more threads, or the interpreter ends
                logger.debug("sourcery-commits was not started: %s", error)

    def close(self, patience: float) -> None:
        """End, when the transactions that are about to commit have done so."""
        with self._lock:
            self._closed = True
            self._queue.put(None)
            thread = self._thread
        if thread is not None and thread.is_alive() and thread is not current_thread():
            thread.join(patience)

    def _run(self) -> None:
        endings: list[_Ending] = []
        closing = False
        while endings or not closing:
            try:
                item = self._queue.get(timeout=_GLANCE if endings else None)
            except Empty:
                pass
            else:
                closing = closing or item is None
                endings += [item] if item is not None else []
            over = [ending for ending in endings if ending.over]
            endings = [ending for ending in endings if ending not in over]
            for call in dict.fromkeys(ending.call for ending in over):
                call()


def _committing(connection: Connection) -> None:
    """SQLAlchemy's event; it never comes for a savepoint or a rollback."""
    transaction = connection.get_transaction()
    if transaction is not None:
        for commits, call in _written.pop(transaction, ()):
            commits.ending(transaction, call)


def _committing_twophase(connection: Connection, *_: object) -> None:
    _committing(connection)


_LISTENERS: Final[dict[str, Callable[..., None]]] = {
    "commit": _committing,
    "commit_twophase": _committing_twophase,
}
