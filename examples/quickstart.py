"""A bank account, from its first event to a balance: what most programs need.

python -m examples.quickstart
"""

from decimal import Decimal

from attrs import define, frozen

from sourcery import Aggregate, EventStore, Projection, Recorded, UnitOfWork, event


@event("account.opened")
@frozen
class Opened:
    """An account begins."""

    owner: str


@event("account.deposited")
@frozen
class Deposited:
    """Money came in."""

    amount: Decimal


AccountEvent = Opened | Deposited


@define
class Account(Aggregate[AccountEvent], category="account"):
    """Decides in its methods, evolves in `apply`."""

    balance: Decimal = Decimal(0)

    def open(self, owner: str) -> None:
        """Begin."""
        self.record(Opened(owner))

    def deposit(self, amount: Decimal) -> None:
        """Put money in."""
        if amount <= 0:
            raise ValueError("a deposit is more than zero")
        self.record(Deposited(amount))

    def apply(self, event: AccountEvent) -> None:
        """Evolve; never refuses."""
        match event:
            case Deposited(amount):
                self.balance += amount
            case Opened():
                pass


@define
class Total(Projection[Deposited], name="total"):
    """All money of the bank, folded from the events of every account."""

    amount: Decimal = Decimal(0)

    def apply(self, recorded: Recorded[Deposited]) -> None:
        """Add."""
        self.amount += recorded.event.amount


def main(url: str = "sqlite://") -> None:
    """Two accounts."""
    with EventStore(url, aggregates=[Account]) as store:
        store.upgrade()
        for owner, amount in (("ada", "100.00"), ("bob", "20.50")):
            with UnitOfWork(store) as uow:  # commits on a clean exit
                account = uow.create(Account, owner)
                account.open(owner.title())
                account.deposit(Decimal(amount))
        with UnitOfWork(store) as uow:
            print("ada has", uow.get(Account, "ada").balance)
        print("the bank has", store.project(Total).amount)


if __name__ == "__main__":
    main()
