"""Handlers that a broker feeds: each message takes effect once in this database.

@accepting(store, consumer="payments")
def paid(uow: UnitOfWork, payment: Payment) -> None:
    uow.get(Account, payment.account).deposit(payment.amount)

paid(message_id, payment)  # then acknowledge: it is done, or was done before
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from attrs import frozen

from sourcery.arguments import check_function, check_result
from sourcery.errors import CommitUnknown
from sourcery.retry import transact
from sourcery.store import EventStore, check_store
from sourcery.stream import CONSUMER_LENGTH, check_name
from sourcery.unit_of_work import UnitOfWork

M = TypeVar("M")


@frozen
class Accepting(Generic[M]):
    """A handler behind the inbox of its consumer; call it for every delivery."""

    #: What is done with a message, inside the unit of work that accepts it.
    handler: Callable[[UnitOfWork, M], object]
    store: EventStore
    consumer: str
    attempts: int

    def __call__(
        self, message_id: str | UUID, message: M, *, sent_at: datetime | None = None
    ) -> bool:
        """Accept and handle in one transaction; False for a repeat. Acknowledge after either.

        Conflicts are tried again, as `transact` does. After an exception nothing of it is stored
        and the message is as new: have it delivered again. `sent_at` is what `accept` takes.
        """

        def work(uow: UnitOfWork) -> bool:
            if not uow.accept(self.consumer, message_id, sent_at=sent_at):
                return False
            check_result(self.handler(uow, message))
            return True

        try:
            return transact(self.store, work, attempts=self.attempts).result
        except CommitUnknown:  # whether it happened, the inbox knows
            transact(self.store, work, attempts=self.attempts)
            return True


def accepting(
    store: EventStore, consumer: str, *, attempts: int = 5
) -> Callable[[Callable[[UnitOfWork, M], object]], Accepting[M]]:
    """Make `handler(uow, message)` into `handle(message_id, message) -> bool`.

    It opens a unit of work, accepts the id for `consumer`, calls the handler if it is new, and
    commits. Raises `InvalidArgument` for a handler that is async or a generator.
    """
    check_store(store)
    name = check_name("consumer", consumer, CONSUMER_LENGTH)

    def behind(handler: Callable[[UnitOfWork, M], object]) -> Accepting[M]:
        check_function(handler, ["uow", "message"])
        return Accepting(handler, store, name, attempts)

    return behind
