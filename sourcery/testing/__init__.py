"""The testing kit: decisions of an aggregate in one line, without a database.

    given(Account, Opened("Ada"), Deposited(5)).when(lambda a: a.withdraw(3)).then(Withdrawn(3))
    given(Account, Opened("Ada")).when(Withdraw(3)).raises(InsufficientFunds, match="3")

It needs no test framework; whichever runs the test shows the text of an `AssertionError`.
"""

from sourcery.testing.given import Given, given
from sourcery.testing.outcome import Outcome

__all__ = ["Given", "Outcome", "given"]
