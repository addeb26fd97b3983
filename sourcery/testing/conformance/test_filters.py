"""Promise 20: filters are a matter of SQL, and the checkpoint moves over what they leave out."""

from typing import Any

import pytest

from sourcery import EventStore, Stream
from sourcery.testing.conformance.domain import (
    ORDER,
    AccountEvent,
    Deposited,
    Opened,
    OrderEvent,
    Placed,
    Remarked,
    Withdrawn,
    append,
)
from sourcery.testing.conformance.statements import statements
from sourcery.testing.conformance.subscribers import Seen, deposit, ignore, row_of, subscriber

pytestmark: object = [pytest.mark.promise(20), pytest.mark.usefixtures("notes")]


@pytest.fixture
def mixed(bank: EventStore) -> EventStore:
    """Accounts, an order, and a remark in a category of accounts."""
    append(bank, Stream("account", "ada"), [Opened("Ada"), Deposited(1)])
    append(bank, ORDER, [Placed("tea")])
    append(bank, Stream("account", "ada"), [Remarked("odd"), Withdrawn(1)])
    return bank


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"events": AccountEvent}, ["ada 1", "ada 2", "ada 4"]),
        ({"events": Deposited}, ["ada 2"]),
        ({"events": Remarked | OrderEvent}, ["1 1", "ada 3"]),
        ({"categories": ["order"]}, ["1 1"]),
        ({"categories": ["order", "account"]}, ["ada 1", "ada 2", "1 1", "ada 3", "ada 4"]),
        ({"events": AccountEvent, "categories": ["order"]}, []),
    ],
)
def test_only_what_was_asked_for_is_handed_over(
    mixed: EventStore, options: dict[str, Any], expected: list[str]
) -> None:
    """By kind, by category, by both; and the checkpoint is at the end whatever matched."""
    seen = Seen(then=ignore)
    assert len(expected) == subscriber(mixed, seen, **options).drain()
    assert (expected, 5) == (seen.notes, row_of(mixed).position)


def test_events_that_do_not_match_are_not_read(mixed: EventStore) -> None:
    """The database leaves them out; only what is asked for comes over the wire."""
    with statements(mixed.engine) as sent:
        subscriber(mixed, ignore, events=Placed, categories=["order"], shards=2).drain()
    pages = [s for s in sent if "sourcery_events" in s and "data" in s]
    assert len(pages) >= 2
    for page in pages:
        assert "order.placed" in page
        assert "category" in page.partition("WHERE")[2]
        assert "bucket" in page.partition("WHERE")[2]


def test_a_rarely_matching_consumer_goes_on_where_it_stood(bank: EventStore) -> None:
    """It does not look at the same events again at every start."""
    for _ in range(3):
        last = deposit(bank, "ada", 50)
        assert 0 == subscriber(bank, ignore, events=Placed, page=10).drain()
        assert last == row_of(bank).position
    append(bank, ORDER, [Placed("tea")])
    with statements(bank.engine) as sent:
        assert 1 == subscriber(bank, ignore, events=Placed).drain()
    assert last + 1 == row_of(bank).position
    assert 1 == len([s for s in sent if "order.placed" in s])
