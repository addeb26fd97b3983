"""Where a version stands, and how long its build would take."""

import pytest
from sqlalchemy import inspect

from sourcery import EventStore, Subscriber
from sourcery.errors import ConsumerFailed, ConsumerMismatch
from tests.domain import Deposited, Opened
from tests.read_models.support import deposit, first, second


def test_a_version_before_its_build(bank: EventStore) -> None:
    """It must be built; looking makes nothing."""
    deposit(bank, "ada", 1, 2)
    standing = first(bank).standing()
    assert (True, None, 0, 2) == (
        standing.needs_build,
        standing.serving,
        standing.position,
        standing.settled,
    )
    assert not [name for name in inspect(bank.engine).get_table_names() if "balances" in name]


def test_a_version_that_serves(bank: EventStore) -> None:
    """And the next one beside it."""
    deposit(bank, "ada", 1)
    first(bank).build()
    first(bank).switch()
    assert (False, 1, 1) == (
        first(bank).standing().needs_build,
        first(bank).standing().serving,
        first(bank).standing().position,
    )
    assert (True, 1) == (second(bank).standing().needs_build, second(bank).standing().serving)


def test_a_version_that_was_changed(bank: EventStore) -> None:
    """Another division or another table than what is stored is said."""
    first(bank).build()
    assert "stored with shards 1" in str(first(bank, shards=2).standing().problem)
    first(bank).tables.metadata.drop_all(bank.engine)
    assert "has no sourcery_balances__v1" in str(first(bank).standing().problem)


def test_a_build_is_rehearsed_and_thrown_away(bank: EventStore) -> None:
    """It says how long all would take."""
    deposit(bank, "ada", *range(1, 51))
    rehearsal = first(bank).rehearse(20)
    assert (50, 50) == (rehearsal.positions, rehearsal.settled)
    assert rehearsal.seconds_in_all == rehearsal.seconds > 0
    assert not [name for name in inspect(bank.engine).get_table_names() if "balances" in name]
    assert not first(bank).standing().is_begun


def test_a_rehearsal_shows_a_handler_that_fails(bank: EventStore) -> None:
    """Before the deployment does."""
    deposit(bank, "ada", 1)

    def fails(*_: object) -> None:
        raise ValueError("no")

    from sourcery import ErrorPolicy

    with pytest.raises(ConsumerFailed, match="no"):
        first(bank, fails, on_error=ErrorPolicy("stop", retries=0)).rehearse()
    assert not [name for name in inspect(bank.engine).get_table_names() if "balances" in name]


def test_a_subscriber_is_compared_with_what_is_stored(bank: EventStore) -> None:
    """Before its first run it fits; with another filter it does not, as `run` would say."""
    subscriber = Subscriber(bank, "audit", print, events=Deposited, batch=True)
    subscriber.check()
    subscriber.drain()
    subscriber.check()
    with pytest.raises(ConsumerMismatch, match="filter"):
        Subscriber(bank, "audit", print, events=Opened, batch=True).check()
