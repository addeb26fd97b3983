"""The checks that pass, and those that must not."""

import pytest

from sourcery.errors import InvalidArgument
from sourcery.testing import given
from tests.domain import Account, Deposited, Opened, Order, Overdrawn, Placed, Shipped
from tests.testing.library import AlreadyLent, Book, Lent

OPENED = given(Account, Opened("Ada"))
LENT = given(Book, Lent("Bob"))


def test_events_in_order_pass() -> None:
    """All of them."""
    OPENED.when(lambda a: (a.deposit(1), a.deposit(2))).then(Deposited(1), Deposited(2))


def test_events_in_another_order_fail() -> None:
    """Order is part of history."""
    outcome = OPENED.when(lambda a: (a.deposit(1), a.deposit(2)))
    with pytest.raises(AssertionError):
        outcome.then(Deposited(2), Deposited(1))


def test_nothing_recorded_is_a_check_of_its_own() -> None:
    """`then()` passes for no event, and only then."""
    shipped = given(Order, Placed("tea"), Shipped())
    shipped.when(lambda o: o.ship()).then()
    with pytest.raises(AssertionError, match="unexpected"):
        OPENED.when(lambda a: a.deposit(1)).then()


def test_an_event_too_few_or_too_many_fails() -> None:
    """A prefix is not enough."""
    outcome = OPENED.when(lambda a: (a.deposit(1), a.deposit(2)))
    for events in ([], [Deposited(1)], [Deposited(1), Deposited(2), Deposited(3)]):
        with pytest.raises(AssertionError):
            outcome.then(*events)


def test_an_expected_exception_passes() -> None:
    """By class, text and attributes, and nothing was recorded before it."""
    LENT.when(lambda b: b.lend("Eve")).raises(
        AlreadyLent, match="to Bob$", check=lambda e: e.reader == "Bob"
    ).then()


def test_a_base_class_matches_too() -> None:
    """As in an except clause."""
    LENT.when(lambda b: b.lend("Eve")).raises(Exception)


def test_what_was_recorded_before_the_exception_is_seen() -> None:
    """Decide first, record last: else the caller who goes on commits half a decision."""

    def deposit_and_fail(account: Account) -> None:
        account.deposit(1)
        account.withdraw(5)

    OPENED.when(deposit_and_fail).raises(Overdrawn).then(Deposited(1))


def test_an_exception_nobody_expected_fails_every_other_check() -> None:
    """It is the cause of the failure, so its traceback is shown."""
    outcome = LENT.when(lambda b: b.lend("Eve"))
    checks = [
        outcome.then,
        lambda: outcome.state(reader="Bob"),
        lambda: outcome.returns(None),
    ]
    for check in checks:
        with pytest.raises(AssertionError, match="raised an exception") as caught:
            check()
        assert outcome.error is caught.value.__cause__


def test_the_state_is_checked_by_function_or_by_name() -> None:
    """Or both."""
    outcome = OPENED.when(lambda a: a.deposit(5))
    outcome.state(lambda a: a.balance == 5).state(owner="Ada").state(lambda a: True, version=2)
    with pytest.raises(AssertionError):
        outcome.state(lambda a: a.balance == 6)
    with pytest.raises(AssertionError):
        outcome.state(lambda a: True, balance=6)


def test_a_state_without_a_question_is_refused() -> None:
    """It would pass for everything."""
    with pytest.raises(InvalidArgument, match=r"state\(balance=5\)"):
        OPENED.when(lambda a: a.deposit(5)).state()


def test_a_misspelt_attribute_is_an_error() -> None:
    """Not a difference."""
    with pytest.raises(AttributeError):
        OPENED.when(lambda a: a.deposit(5)).state(balanse=5)
