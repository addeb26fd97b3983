"""Read what you wrote, in read models that follow the log: a token names exactly your commit.

python -m examples.read_your_writes
"""

from attrs import define, field
from sqlalchemy import text

from examples.bank import Account, Deposited
from sourcery import (
    Consumer,
    EventStore,
    LiveProjection,
    Projection,
    Recorded,
    Subscriber,
    Token,
    UnitOfWork,
)

_TABLE = text("create table balances (account varchar(50) primary key, cents int)")
_ADD = text(
    """insert into balances values (:account, :cents)
    on conflict (account) do update set cents = balances.cents + excluded.cents"""
)


@define
class Balances(Projection[Deposited], name="balances"):
    """In memory."""

    cents: dict[str, int] = field(factory=dict[str, int])

    def apply(self, recorded: Recorded[Deposited]) -> None:
        """Add."""
        known = self.cents.get(recorded.stream.id, 0)
        self.cents[recorded.stream.id] = known + recorded.event.cents


def keep(uow: UnitOfWork, recorded: Recorded[Deposited]) -> None:
    """In a table."""
    values = {"account": recorded.stream.id, "cents": recorded.event.cents}
    uow.session.execute(_ADD, values)


def pay_in(store: EventStore, cents: int) -> Token:
    """Names the commit; `token.to_json()` may travel to a browser and back."""
    with UnitOfWork(store) as uow:
        uow.get_or_create(Account, "ada").deposit(cents)
    return uow.token


def in_memory(store: EventStore) -> None:
    """A projection kept current by a thread."""
    with LiveProjection(store, Balances) as live:
        for cents in (100, 50):
            token = pay_in(store, cents)
            print("in memory:", live.read_after(token, timeout=30.0).cents["ada"])


def in_a_table(store: EventStore) -> None:
    """A subscriber, here in this thread; the reader waits until it has passed the token."""
    with store.engine.begin() as connection:
        connection.execute(_TABLE)
    token = pay_in(store, 7)
    Subscriber(store, "balances", keep, events=Deposited).drain()
    Consumer(store, "balances").wait_for(token, timeout=30.0)
    with store.engine.connect() as connection:
        print("in a table:", connection.scalar(text("select cents from balances")))


def main(url: str = "sqlite://") -> None:
    """Both ways."""
    with EventStore(url, aggregates=[Account]) as store:
        store.upgrade()
        in_memory(store)
        in_a_table(store)


if __name__ == "__main__":
    main()
