"""Aggregates: what they record, what they are loaded as."""

from typing import Any, TypeVar, assert_type

from attrs import define

from sourcery import Aggregate, UnitOfWork, event
from tests.typing.domain import Account, Deposited, Opened, Placed

E = TypeVar("E")


def records_only_its_own(account: Account) -> None:
    """An event outside the union is an error."""
    account.record(Opened("Ada"))
    account.record(Deposited(5))
    account.record(Placed())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    account.record(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def has_an_identity(account: Account) -> None:
    """Which only the store gives."""
    assert_type(account.id, str)
    assert_type(account.version, int)
    account.id = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def is_loaded_as_itself(uow: UnitOfWork) -> None:
    """By an id of three types."""
    assert_type(uow.get(Account, "x"), Account)
    assert_type(uow.create(Account, 5), Account)
    assert_type(uow.get_or_create(Account, "x"), Account)
    assert_type(uow.get(Account, "x").balance, int)
    uow.get(Account, 1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    uow.get(Deposited, "x")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]


def the_decorator_keeps_the_class() -> None:
    """Fields and constructor are those that attrs made."""
    assert_type(Deposited(5), Deposited)
    assert_type(Deposited(5).amount, int)
    Deposited("5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Deposited(5).amount = 6  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    event(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@define
class Base(Aggregate[E]):
    """A generic base of the user's own."""

    count: int = 0

    def apply(self, event: E) -> None:
        """Evolve."""
        self.count += 1


@define
class Concrete(Base[Opened], category="concrete"):
    """Its events are the base's argument."""


def a_base_passes_its_events_on(uow: UnitOfWork) -> None:
    """To what is recorded."""
    concrete = uow.get(Concrete, "x")
    concrete.record(Opened("Ada"))
    concrete.record(Placed())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def any_aggregate(aggregate: Aggregate[Any]) -> None:
    """What code for all aggregates may do."""
    aggregate.record(Placed())
    assert_type(aggregate.version, int)
