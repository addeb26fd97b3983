"""A small bank, the domain of the examples with web frameworks: what happened, and who decides."""

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
    """Money came in, in cents."""

    cents: int


@event("account.withdrawn")
@frozen
class Withdrawn:
    """Money went out, in cents."""

    cents: int


AccountEvent = Opened | Deposited | Withdrawn


class Overdrawn(Exception):
    """There is not so much in the account."""


@define
class Account(Aggregate[AccountEvent], category="account"):
    """Money that never falls below zero."""

    owner: str = ""
    cents: int = 0

    def open(self, owner: str) -> None:
        """Begin."""
        self.record(Opened(owner))

    def deposit(self, cents: int) -> None:
        """Put money in."""
        if cents <= 0:
            raise ValueError("a deposit is more than zero")
        self.record(Deposited(cents))

    def withdraw(self, cents: int) -> None:
        """Take money out. Raises `Overdrawn`."""
        if cents > self.cents:
            raise Overdrawn(f"{self.cents} cents are not enough")
        self.record(Withdrawn(cents))

    def apply(self, event: AccountEvent) -> None:
        """Evolve."""
        match event:
            case Opened(owner):
                self.owner = owner
            case Deposited(cents):
                self.cents += cents
            case Withdrawn(cents):
                self.cents -= cents
