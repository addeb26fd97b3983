"""Declarations as users write them."""

from attrs import define, frozen

from sourcery import Aggregate, event


@event("account.opened")
@frozen
class Opened:
    """An account begins."""

    owner: str


@event("account.deposited")
@frozen
class Deposited:
    """Money came in."""

    amount: int


@event("order.placed")
@frozen
class Placed:
    """An event of another aggregate."""


AccountEvent = Opened | Deposited


@frozen
class Deposit:
    """A command."""

    amount: int


@define
class Account(Aggregate[AccountEvent], category="account"):
    """Money."""

    balance: int = 0

    def deposit(self, amount: int) -> None:
        """Put money in."""
        self.record(Deposited(amount))

    def handle(self, command: Deposit) -> int:
        """Carry out the command; the new balance."""
        self.deposit(command.amount)
        return self.balance

    def apply(self, event: AccountEvent) -> None:
        """Evolve."""
        match event:
            case Opened():
                pass
            case Deposited(amount):
                self.balance += amount
