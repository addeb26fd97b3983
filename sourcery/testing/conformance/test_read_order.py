"""Order of a read, and each event once."""

import pytest

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.testing.conformance.domain import (
    ADA,
    BOB,
    ORDER,
    AccountEvent,
    Deposited,
    Opened,
    OrderEvent,
    Placed,
    Remarked,
    Shipped,
    append,
)

pytestmark: object = [pytest.mark.promise(1), pytest.mark.promise(10)]


@pytest.fixture
def week(bank: EventStore) -> EventStore:
    """Three streams, written in turns."""
    append(bank, ADA, [Opened("Ada"), Deposited(1)])
    append(bank, ORDER, [Placed("tea")])
    append(bank, BOB, [Opened("Bob")])
    append(bank, ADA, [Deposited(2)])
    with UnitOfWork(bank) as uow:
        uow.append(ORDER, [Shipped()])
        uow.append(BOB, [Deposited(3)])
    return bank


def test_the_log_is_read_in_position_order(week: EventStore) -> None:
    """All of it, each event once."""
    read = list(week.read())
    positions = [recorded.position for recorded in read]
    assert sorted(set(positions)) == positions
    assert 7 == len({recorded.event_id for recorded in read})


def test_backward_is_the_same_from_the_end(week: EventStore) -> None:
    """The log and a stream."""
    assert list(week.read())[::-1] == list(week.read(backward=True))
    assert list(week.read(ADA))[::-1] == list(week.read(ADA, backward=True))


def test_overlapping_filters_give_each_event_once(week: EventStore) -> None:
    """A category named twice, classes that are in two unions."""
    both = AccountEvent | Deposited | OrderEvent | Opened
    read = list(week.read(events=both, categories=["account", "order", "account"]))
    assert list(week.read()) == read


def test_a_read_of_one_class_is_in_order(week: EventStore) -> None:
    """Across streams."""
    assert [1, 2, 3] == [found.event.amount for found in week.read(events=Deposited)]


def test_a_stream_that_is_not_there_is_empty(week: EventStore) -> None:
    """It is no error."""
    assert [] == list(week.read(Stream("account", "nobody")))
    assert [] == list(week.read(categories=["nothing"]))
    assert [] == list(week.read(events=Remarked))


def test_the_same_read_may_run_twice_at_once(week: EventStore) -> None:
    """Each iterator has a place of its own."""
    first, second = week.read(), week.read()
    assert next(first) == next(second)
    assert list(first) == list(second)


@pytest.mark.parametrize("backward", [False, True])
def test_pages_join_without_hole_or_double(bank: EventStore, backward: bool) -> None:
    """A page ends after 500 rows: just before, just at, and after that."""
    append(bank, ADA, [Deposited(n) for n in range(499)])
    append(bank, ORDER, [Placed(str(n)) for n in range(502)])
    for stream, count in ((ADA, 499), (ORDER, 502), (None, 1001)):
        keys = [recorded.position for recorded in bank.read(stream, backward=backward)]
        assert count == len(set(keys)) == len(keys)
        assert sorted(keys, reverse=backward) == keys
    append(bank, ADA, [Deposited(499)])
    assert 500 == len(list(bank.read(ADA, backward=backward)))
