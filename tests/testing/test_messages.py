"""What a failing check says, letter by letter."""

from collections.abc import Callable
from textwrap import dedent

import pytest

from sourcery.testing import given
from tests.domain import Account, Deposit, Deposited, Opened, Overdrawn, Withdrawn
from tests.testing.library import AlreadyLent, Book, Lent, Shelf, Shelved

RICH = given(Account, Opened("Ada"), Deposited(5))
LENT = given(Book, Lent("Bob"))


def both(account: Account) -> None:
    """Two events."""
    account.deposit(1)
    account.withdraw(3)


def says(check: Callable[[], object], text: str) -> None:
    """The check fails with this text."""
    __tracebackhide__ = True
    with pytest.raises(AssertionError) as caught:
        check()
    assert dedent(text).strip() == str(caught.value)


def test_the_field_that_differs_is_named() -> None:
    """With both values, one below the other."""
    says(
        lambda: RICH.when(both).then(Deposited(1), Withdrawn(4)),
        """
        Account recorded other events than expected
          as expected  Deposited(amount=1)
          differs      Withdrawn.amount
                       expected 4
                       actual   3
        """,
    )


def test_a_nested_field_is_named_by_its_path() -> None:
    """Each field that differs has its own entry."""
    says(
        lambda: LENT.when(lambda b: b.shelve("A", 1, "torn")).then(Shelved(Shelf("A", 2))),
        """
        Book recorded other events than expected
          differs      Shelved.shelf.number
                       expected 2
                       actual   1
          differs      Shelved.notes
                       expected []
                       actual   ['torn']
        """,
    )


def test_a_missing_event_does_not_shift_the_others() -> None:
    """The rest is as expected."""
    says(
        lambda: RICH.when(both).then(Deposited(9), Deposited(1), Withdrawn(3)),
        """
        Account recorded other events than expected
          missing      Deposited(amount=9)
          as expected  Deposited(amount=1)
          as expected  Withdrawn(amount=3)
        """,
    )


def test_an_unexpected_event_is_shown_where_it_happened() -> None:
    """Before the one that was expected."""
    says(
        lambda: RICH.when(both).then(Withdrawn(3)),
        """
        Account recorded other events than expected
          unexpected   Deposited(amount=1)
          as expected  Withdrawn(amount=3)
        """,
    )


def test_another_class_is_missing_and_unexpected() -> None:
    """Fields of two classes are not compared."""
    says(
        lambda: RICH.when(Deposit(5)).then(Withdrawn(5)),
        """
        Account recorded other events than expected
          missing      Withdrawn(amount=5)
          unexpected   Deposited(amount=5)
        """,
    )


def test_nothing_recorded_is_said() -> None:
    """Which is more than a missing event."""
    says(
        lambda: RICH.when(lambda a: None).then(Deposited(9)),
        """
        Account recorded other events than expected
          missing      Deposited(amount=9)
          nothing was recorded
        """,
    )


def test_values_that_look_the_same_show_their_class() -> None:
    """Else expected and actual would be one line twice."""

    class Name(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return self is other

        __hash__ = str.__hash__

    with pytest.raises(AssertionError) as caught:
        given(Account).when(lambda a: a.open(Name("Ada"))).then(Opened("Ada"))
    assert "expected 'Ada' <class 'str'>" in str(caught.value)
    assert "actual   'Ada' <class 'tests.testing" in str(caught.value)


def test_no_exception_shows_what_was_recorded_instead() -> None:
    """Or that nothing was."""
    says(
        lambda: RICH.when(Deposit(5)).raises(Overdrawn),
        """
        Account did not raise Overdrawn
          it recorded Deposited(amount=5)
        """,
    )
    says(
        lambda: RICH.when(lambda a: None).raises(Overdrawn),
        """
        Account did not raise Overdrawn
          it recorded nothing
        """,
    )


def test_another_exception_is_shown() -> None:
    """With its text."""
    says(
        lambda: LENT.when(lambda b: b.lend("Eve")).raises(Overdrawn),
        """
        Book did not raise Overdrawn
          it raised AlreadyLent: lent to Bob
        """,
    )


def test_another_text_stands_beside_the_pattern() -> None:
    """Both quoted."""
    says(
        lambda: LENT.when(lambda b: b.lend("Eve")).raises(AlreadyLent, match="to Eve"),
        """
        Book raised AlreadyLent with another text
          expected 'to Eve'
          actual   'lent to Bob'
        """,
    )


def test_a_failed_check_of_an_exception_shows_it() -> None:
    """The function itself cannot be shown."""
    outcome = LENT.when(lambda b: b.lend("Eve"))
    says(
        lambda: outcome.raises(AlreadyLent, check=lambda e: e.reader == "Eve"),
        """
        Book raised an exception that fails the check
          it raised AlreadyLent: lent to Bob
        """,
    )


def test_an_unexpected_exception_is_shown() -> None:
    """One without text by its class alone."""
    says(
        lambda: RICH.when(lambda a: a.withdraw(100)).then(),
        """
        Account raised an exception
          it raised Overdrawn
        """,
    )


def test_a_state_shows_each_attribute_that_differs() -> None:
    """And the whole aggregate when only a function knows."""
    outcome = RICH.when(lambda a: a.withdraw(1))
    says(
        lambda: outcome.state(balance=3, owner="Ada"),
        """
        Account is in another state than expected
          differs      balance
                       expected 3
                       actual   4
        """,
    )
    says(
        lambda: outcome.state(lambda a: a.balance == 3),
        """
        Account is in a state that fails the check
          Account(owner='Ada', balance=4)
        """,
    )


def test_a_result_stands_beside_what_was_expected() -> None:
    """What `handle` returned."""
    says(
        lambda: RICH.when(Deposit(5)).returns(3),
        """
        Account returned something else than expected
          differs      result
                       expected 3
                       actual   10
        """,
    )


def test_a_field_left_out_of_equality_is_left_out_here() -> None:
    """By attrs: it decides what makes two events equal."""
    given(Book).when(lambda b: b.lend("Eve")).then(Lent("Eve", days=3))


def test_lines_of_a_long_text_stay_indented() -> None:
    """An exception's own lines too."""

    def fail(account: Account) -> None:
        raise ValueError("one\ntwo")

    says(
        lambda: RICH.when(fail).then(),
        """
        Account raised an exception
          it raised ValueError: one
          two
        """,
    )


def test_pytest_points_at_the_check(pytester: pytest.Pytester) -> None:
    """Frames of the kit are hidden."""
    pytester.makepyfile(
        """
        from attrs import define, frozen
        from sourcery import Aggregate, event
        from sourcery.testing import given

        @event("door.opened")
        @frozen
        class Opened:
            by: str

        @define
        class Door(Aggregate[Opened], category="door"):
            def apply(self, event: Opened) -> None:
                pass

        def test_it():
            given(Door).when(lambda door: door.record(Opened("Ada"))).then(Opened("Bob"))
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["E * differs * Opened.by"])
    result.stdout.no_fnmatch_line("*outcome.py*")
