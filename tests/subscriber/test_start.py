"""Rule 2: a start after a position that was settled once, and is not any more."""

import pytest

from sourcery import ORIGIN, EventStore
from sourcery.testing.conformance.test_starts import seen_from
from tests.databases import Database
from tests.domain import open_bank
from tests.ordering.support import late_floor
from tests.subscriber.support import deposit, row_of


@pytest.mark.databases("postgresql")
@pytest.mark.promise(13)
def test_rule_2_after_a_position_that_was_settled_once(
    bank: EventStore, database: Database
) -> None:
    """A late writer makes another process see a settled position that is lower."""
    deposit(bank, "ada", 3)
    with late_floor(bank), open_bank(database) as other:
        assert (0, []) == (other.settled(), seen_from(other, 2))
    assert (2, ["ada 3"]) == (row_of(bank).position, seen_from(bank, ORIGIN))
