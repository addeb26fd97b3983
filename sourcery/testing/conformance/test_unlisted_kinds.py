"""Kinds: those asked for, those passed over, those that came later."""

import pytest
from attrs import define, frozen

from sourcery import Aggregate, EventStore, Stream, UnitOfWork, event
from sourcery.testing.conformance.domain import (
    ADA,
    Account,
    Deposited,
    Opened,
    Placed,
    Remarked,
    Withdrawn,
    append,
)

pytestmark: object = pytest.mark.promise(8)


@event("account.audited")
@frozen
class Audited:
    """An event that the account once had, and no class lists any more."""

    by: str


@define
class Balance(Aggregate[Deposited | Withdrawn], category="account"):
    """A second reader of the same streams, which cares for money only."""

    total: int = 0

    def deposit(self, amount: int) -> None:
        """Put money in."""
        self.record(Deposited(amount))

    def apply(self, event: Deposited | Withdrawn) -> None:
        """Evolve."""
        self.total += event.amount if isinstance(event, Deposited) else -event.amount


def test_a_kind_no_longer_listed_does_not_wedge_the_stream(bank: EventStore) -> None:
    """The aggregate loads, knows the version, and can be changed."""
    append(bank, ADA, [Opened("Ada"), Deposited(5), Audited("Eve"), Deposited(6), Audited("Eve")])
    with UnitOfWork(bank) as uow:
        account = uow.get(Account, "ada")
        assert (11, 5) == (account.balance, account.version)
        account.deposit(1)
    assert [1, 2, 4, 6] == [recorded.version for recorded in bank.read(ADA)]


def test_a_stream_of_unknown_kinds_alone_exists(bank: EventStore) -> None:
    """It is found, at its version, with no state."""
    append(bank, ADA, [Audited("Eve"), Audited("Eve")])
    with UnitOfWork(bank) as uow:
        uow.get(Account, "ada").deposit(1)
    assert [3] == [recorded.version for recorded in bank.read(ADA)]


def test_two_classes_read_one_stream(bank: EventStore) -> None:
    """Each the events it lists."""
    append(bank, ADA, [Opened("Ada"), Deposited(5), Withdrawn(2)])
    with UnitOfWork(bank) as uow:
        balance = uow.get(Balance, "ada")
        assert (3, 3) == (balance.total, balance.version)
        balance.deposit(4)
    with UnitOfWork(bank) as uow:
        assert 7 == uow.get(Account, "ada").balance


def test_a_kind_nobody_asked_for_is_passed_over(bank: EventStore) -> None:
    """By the store's declared events, and by those named."""
    append(bank, ADA, [Opened("Ada"), Audited("Eve"), Deposited(1)])
    assert [1, 3] == [recorded.version for recorded in bank.read(ADA)]
    assert [Audited("Eve")] == [recorded.event for recorded in bank.read(events=Audited)]


def test_a_limit_counts_only_what_was_asked_for(bank: EventStore) -> None:
    """Other kinds do not use it up."""
    append(bank, ADA, [Audited("Eve")] * 3 + [Deposited(1), Deposited(2)])
    assert 2 == len(list(bank.read(ADA, limit=2)))


def test_hundreds_of_kinds_can_be_asked_for(bank: EventStore) -> None:
    """More than a hand full of parameters."""
    union = Remarked
    for n in range(300):
        union |= event(f"kind.{n}")(frozen(type(f"Kind{n}", (), {})))
    append(bank, Stream("remark", 1), [Remarked("here")])
    append(bank, ADA, [Placed("tea")])
    assert [Remarked("here")] == [recorded.event for recorded in bank.read(events=union)]
