"""The subscriber that keeps the balances, in the tables of Django's models.

It has its own connections and transactions: what it writes goes through `uow.session`, which
commits with the checkpoint. Rows written through Django's models would be in another transaction.
"""

from sqlalchemy import text

from examples.bank import Deposited, Withdrawn
from sourcery import EventStore, Recorded, Subscriber, UnitOfWork

_ADD = text(
    """insert into django_bank_balance (account, cents) values (:account, :cents)
    on conflict (account) do update set cents = django_bank_balance.cents + excluded.cents"""
)


def keep_balance(uow: UnitOfWork, recorded: Recorded[Deposited | Withdrawn]) -> None:
    """Add or take away."""
    event = recorded.event
    cents = event.cents if isinstance(event, Deposited) else -event.cents
    uow.session.execute(_ADD, {"account": recorded.stream.id, "cents": cents})


def subscriber(store: EventStore) -> Subscriber:
    """The consumer `balances`."""
    return Subscriber(store, "balances", keep_balance, events=Deposited | Withdrawn)
