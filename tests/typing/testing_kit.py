"""given, when, then: the aggregate's type reaches every lambda."""

from enum import Enum
from typing import assert_type

from sourcery.testing import Given, Outcome, given
from tests.typing.domain import Account, Deposit, Deposited, Opened

OPENED = given(Account, Opened("Ada"), id="ada")


class Refused(Exception):
    """With data."""

    amount: int = 0


class Command(Enum):
    """Commands may be anything."""

    CLOSE = "close"


def the_aggregate_is_known() -> None:
    """From the class that was given."""
    assert_type(OPENED, Given[Account])
    assert_type(OPENED.when(Deposit(5)), Outcome[Account])
    assert_type(OPENED.when(Command.CLOSE), Outcome[Account])
    assert_type(OPENED.when(Deposit(5)).aggregate, Account)


def a_lambda_sees_it() -> None:
    """A misspelt method is an error."""
    OPENED.when(lambda a: a.deposit(5)).then(Deposited(5)).state(lambda a: a.balance == 5)
    OPENED.when(lambda a: a.deposit("5"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    OPENED.when(lambda a: a.deposot(5))  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownLambdaType]
    OPENED.when(Deposit(5)).state(lambda a: a.balanse == 5)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownLambdaType]


def a_check_sees_the_exception() -> None:
    """From the class that is expected."""
    OPENED.when(Deposit(0)).raises(Refused, match="0", check=lambda e: e.amount == 0).then()
    OPENED.when(Deposit(0)).raises(Refused, check=lambda e: e.sum == 0)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownLambdaType]


def only_an_aggregate_is_given() -> None:
    """Not an event."""
    given(Opened)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
    given(Account, id=None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
