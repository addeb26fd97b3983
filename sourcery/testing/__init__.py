"""The testing kit: an aggregate's decisions and a projection's state, without a database.

    given(Account, Opened("Ada"), Deposited(5)).when(lambda a: a.withdraw(3)).then(Withdrawn(3))
    given(Account, Opened("Ada")).when(Withdraw(3)).raises(InsufficientFunds, match="3")
    given(DailyTotals, recorded(Placed(5), recorded_at=noon), id="2026-11-23").state(total=5)

It needs no test framework; whichever runs the test shows the text of an `AssertionError`.
"""

from sourcery.testing.given import Given, given
from sourcery.testing.outcome import Outcome
from sourcery.testing.projected import Projected, recorded

__all__ = ["Given", "Outcome", "Projected", "given", "recorded"]
