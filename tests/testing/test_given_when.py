"""given and when: the history, and the one thing done to it."""

import subprocess
import sys

import pytest

from sourcery import metadata
from sourcery.errors import DefinitionError, InvalidName, UndeclaredEvent
from sourcery.testing import given
from tests.domain import Account, Deposit, Deposited, Opened, Order, Placed, Shipped
from tests.testing.library import Book, Command, Lent, Shelf, Shelved


def test_the_history_is_applied_and_not_recorded() -> None:
    """Only what `when` did is the outcome."""
    outcome = given(Account, Opened("Ada"), Deposited(5)).when(lambda a: a.withdraw(3))
    assert ("Ada", 2, 3) == (
        outcome.aggregate.owner,
        outcome.aggregate.balance,
        outcome.aggregate.version,
    )
    assert 1 == len(outcome.recorded)


def test_one_history_serves_many_tests() -> None:
    """Each `when` begins afresh."""
    opened = given(Account, Opened("Ada"))
    opened.when(lambda a: a.deposit(5)).state(balance=5)
    opened.when(lambda a: a.deposit(1)).state(balance=1)


def test_without_events_the_aggregate_is_new() -> None:
    """As `create` gives it."""
    given(Account).when(lambda a: a.open("Ada")).then(Opened("Ada")).state(version=1)


def test_a_command_goes_to_handle() -> None:
    """An attrs object, and anything else that is not a function."""
    given(Account).when(Deposit(5)).then(Deposited(5)).returns(5)
    given(Book).when(Command.RETURN).then(Shelved(Shelf("desk", 1))).returns("return")


def test_a_command_needs_handle() -> None:
    """The mistake is the test's own, so it is no outcome."""
    with pytest.raises(DefinitionError, match=r"Order: has no method handle\(self, command\)"):
        given(Order, Placed("tea")).when(Deposit(5))


def test_the_id_can_be_given() -> None:
    """As text, whatever it was given as."""
    given(Book, id="ada").when(lambda b: b.shelve("A", 1)).returns("ada@A1")
    given(Book, id=7).when(lambda b: b.shelve("A", 1)).returns("7@A1").state(id="7")


def test_an_id_that_cannot_be_stored_is_refused() -> None:
    """A test should not pass where the store would refuse."""
    with pytest.raises(InvalidName, match="stream id"):
        given(Book, id="")


def test_a_foreign_event_in_the_history_is_refused() -> None:
    """It could not be in the stream."""
    with pytest.raises(
        UndeclaredEvent, match="Shipped is not one of the events of Account: add the class"
    ):
        given(Account, Opened("Ada"), Shipped())


def test_recording_a_foreign_event_is_an_outcome() -> None:
    """The aggregate's mistake, not the test's."""
    given(Account).when(lambda a: a.record(Lent("Bob"))).raises(UndeclaredEvent)


def test_metadata_may_surround_it() -> None:
    """Code under test sees the context it runs in."""
    with metadata(actor="ada"):
        given(Account).when(lambda a: a.deposit(1)).then(Deposited(1))


def test_a_stop_from_the_keyboard_is_no_outcome() -> None:
    """It ends the run."""

    def interrupt(account: Account) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        given(Account).when(interrupt)


def test_the_kit_needs_no_test_framework() -> None:
    """Importing it does not import pytest."""
    program = "import sys, sourcery.testing; sys.exit('pytest' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", program], check=False).returncode
