"""Adopting a copy: as a store of its own, or because the original has moved."""

import pytest

from sourcery import Consumer, EventStore, Token
from sourcery.errors import TokenRefused, WrongEnvironment
from tests.cloning.copies import handled, projected
from tests.databases import Database
from tests.domain import ADA, Deposited, append, open_bank
from tests.ordering.conftest import Background, background
from tests.ordering.support import DEADLINE
from tests.subscriber.support import deposit

__all__ = ["background"]

pytestmark = pytest.mark.promise(49)


@pytest.mark.parametrize("moved", [False, True])
def test_rule_40_an_adopted_copy_has_effects(copy: Database, moved: bool) -> None:
    """In the store that adopts, and in every later one."""
    with open_bank(copy) as bank:
        assert bank.adopt(moved=moved)
        assert 3 == handled(bank)
    with open_bank(copy) as bank:
        deposit(bank)
        assert 1 == handled(bank)


def test_rule_40_a_copy_becomes_another_store(
    copy: Database, database: Database, token: Token
) -> None:
    """Neither takes the other's tokens, and messages have another source."""
    with open_bank(copy) as bank, open_bank(database) as original:
        bank.adopt()
        assert original.database.identity.store_id != bank.database.identity.store_id
        for each, others in ((bank, original.now()), (original, bank.now())):
            projected(each)
            with pytest.raises(TokenRefused, match="another store"):
                Consumer(each, "notes").wait_for(others)


def test_rule_40_a_store_that_moved_stays_itself(copy: Database, token: Token) -> None:
    """Of tokens from before nobody knows whether what they name came with it."""
    with open_bank(copy) as bank:
        bank.adopt(moved=True)
        projected(bank)
        assert token.store_id == bank.database.identity.store_id
        with pytest.raises(TokenRefused, match="before"):
            Consumer(bank, "notes").wait_for(token)
        Consumer(bank, "notes").wait_for(bank.now())


def test_rule_40_at_home_there_is_nothing_to_adopt(database: Database, token: Token) -> None:
    """A script may say it every time."""
    with open_bank(database) as bank:
        assert [False, False] == [bank.adopt(), bank.adopt(moved=True)]
        assert token.store_id == bank.database.identity.store_id
        assert token.generation == bank.database.identity.generation


def test_rule_40_a_copy_is_adopted_once(copy: Database) -> None:
    """The second finds itself at home, and the id stays."""
    with open_bank(copy) as first, open_bank(copy) as second:
        assert [True, False] == [first.adopt(), second.adopt()]
    with open_bank(copy) as bank:
        assert first.database.identity.store_id == bank.database.identity.store_id


def test_rule_40_of_many_who_adopt_one_does(copy: Database, background: Background) -> None:
    """Or programs that started in between would remember another id."""

    def adopts(_number: int) -> bool:
        with open_bank(copy) as bank:
            return bank.adopt()

    adopting = [background(adopts, n) for n in range(6)]
    assert 1 == sum(each.result(DEADLINE) for each in adopting)


def test_rule_40_a_copy_leaves_the_environment(copy: Database, database: Database) -> None:
    """It is claimed by whoever names one first; the original keeps its own."""
    with EventStore(database.url, environment="production") as original:
        original.settled()
    with EventStore(copy.url, environment="production") as bank:  # claimed after the copy was made
        bank.settled()
    with open_bank(copy) as bank:
        bank.adopt()
    with open_bank(copy, environment="staging") as bank:
        assert 3 == handled(bank)
    with open_bank(copy, environment="production") as bank, pytest.raises(WrongEnvironment):
        bank.settled()


def test_rule_40_another_environment_cannot_adopt(copy: Database) -> None:
    """Who names the wrong one may be on the wrong database."""
    with EventStore(copy.url, environment="production") as bank:
        bank.settled()
    with EventStore(copy.url, environment="staging") as bank, pytest.raises(WrongEnvironment):
        bank.adopt()


def test_rule_40_wake_ups_go_by_the_new_id(copy: Database) -> None:
    """A store that waited before it adopted hears its own commits afterwards."""
    with open_bank(copy) as bank:
        projected(bank)  # has made the wake-ups of the old id
        bank.adopt()
        signal = bank.database.signal
        with open_bank(copy) as other:
            assert signal is other.database.signal
            append(other, ADA, [Deposited(1)])
        assert 1 == projected(bank)
