"""Forgetting messages that were accepted long ago."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sourcery.errors import InvalidArgument
from sourcery.inbox import purge
from sourcery.log import translated
from sourcery.retention import check_age
from sourcery.retry import transact
from sourcery.store import EventStore
from sourcery.unit_of_work import UnitOfWork

#: How long the inbox remembers.
KEPT: Final = timedelta(days=7)
#: Rows removed in one transaction.
CHUNK: Final = 1000


def purge_inbox(store: EventStore, *, older_than: timedelta = KEPT, chunk: int = CHUNK) -> int:
    """Forget messages that were accepted longer ago than that; how many there were.

    Oldest first, at most `chunk` in one transaction. Run it now and then, from one place. From
    then on `accept` refuses messages that were sent before the last one forgotten: keep them
    longer than a broker may take to deliver.
    """
    age = check_age("older_than", older_than)
    if chunk < 1:
        raise InvalidArgument("chunk", f"must be at least 1, not {chunk}")
    dialect = store.database.dialect
    with store.database.reading() as connection:
        before = dialect.now(connection) - age

    def one(uow: UnitOfWork) -> int:
        with translated(dialect):
            return purge(uow.session.connection(), dialect, before, chunk)

    purged = 0
    while True:
        removed = transact(store, one).result
        purged += removed
        if removed < chunk:
            return purged
