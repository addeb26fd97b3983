"""Rule 18: a program that says something else than what is stored is refused, naming both."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import frozen

from sourcery import Consumer, EventStore, event, rename
from sourcery.consumers import EVENTS, OUTBOX, ConsumerSpec, register
from sourcery.errors import ConsumerMismatch
from tests.databases import Database
from tests.domain import Deposited, Opened, Withdrawn
from tests.subscriber.support import (
    NAME,
    Seen,
    all_rows_of,
    deposit,
    ignore,
    row_of,
    subscriber,
)

pytestmark = pytest.mark.promise(20)

BOTH = Opened | Deposited


def mismatch(store: EventStore, **options: Any) -> ConsumerMismatch:
    """How a program is refused, whichever way it runs; nothing is handled or taken."""
    seen = Seen()
    consumer = subscriber(store, seen, **options)
    before = all_rows_of(store)
    for call in (consumer.run, consumer.run_once):
        with pytest.raises(ConsumerMismatch):
            call()
    with pytest.raises(ConsumerMismatch) as caught:
        consumer.drain()
    assert [row.epoch for row in before] == [row.epoch for row in all_rows_of(store)]
    assert [] == seen.notes
    return caught.value


def facts(error: ConsumerMismatch) -> tuple[str, str, Any, Any]:
    """What it carries, all of which its text says."""
    for fact in (error.name, error.what, str(error.stored), str(error.given)):
        assert fact in str(error)
    return error.name, error.what, error.stored, error.given


def filter_of(*kinds: str, categories: tuple[str, ...] = ()) -> str:
    """As it is stored."""
    return json.dumps({"kinds": sorted(kinds), "categories": sorted(categories)})


def test_another_number_of_shards(bank: EventStore) -> None:
    """It says how to change it."""
    subscriber(bank, ignore, shards=3).drain()
    error = mismatch(bank, shards=2)
    assert (NAME, "shards", 3, 2) == facts(error)
    assert "reshard(2)" in error.remedy


def test_another_log(bank: EventStore) -> None:
    """A name that a consumer of the outbox has."""
    spec = ConsumerSpec(name=NAME, log=OUTBOX, shards=1, filter="{}")
    with bank.database.connect_to_write() as connection, connection.begin():
        bank.database.dialect.begin(connection)
        register(connection, bank.database.dialect, spec, 0)
    assert (NAME, "log", OUTBOX, EVENTS) == facts(mismatch(bank))


@pytest.mark.parametrize(
    ("options", "given"),
    [
        (
            {"events": BOTH | Withdrawn},
            filter_of("account.opened", "account.deposited", "account.withdrawn"),
        ),
        ({"events": Opened}, filter_of("account.opened")),
        (
            {"events": BOTH, "categories": ["account"]},
            filter_of("account.opened", "account.deposited", categories=("account",)),
        ),
    ],
)
def test_another_filter(bank: EventStore, options: dict[str, Any], given: str) -> None:
    """More kinds, fewer kinds, a category: whether to rewind is somebody's choice."""
    subscriber(bank, ignore, events=BOTH).drain()
    error = mismatch(bank, **options)
    stored = filter_of("account.opened", "account.deposited")
    assert (NAME, "filter", stored, given) == facts(error)
    assert "change_filter" in error.remedy


def test_the_same_filter_in_other_words(bank: EventStore) -> None:
    """The order of a union and of categories means nothing."""
    deposit(bank)
    options: dict[str, Any] = {"events": BOTH, "categories": ["order", "account"]}
    assert 1 == subscriber(bank, ignore, **options).drain()
    deposit(bank)
    options = {"events": Deposited | Opened, "categories": ["account", "order"]}
    assert 1 == subscriber(bank, ignore, **options).drain()


@event("account.paid-in")
@frozen
class PaidIn:
    """What a deposit is called in the next release."""

    amount: int


@pytest.fixture
def next_release(database: Database) -> Iterator[EventStore]:
    """A store that knows the old name of a kind."""
    renamed = rename("account.deposited", "account.paid-in")
    with EventStore(database.url, events=PaidIn, upcasters=[renamed]) as store:
        yield store


def test_a_kind_that_was_renamed_is_a_choice_as_well(
    bank: EventStore, next_release: EventStore
) -> None:
    """Made once, it reads the events of both names."""
    deposit(bank)
    subscriber(bank, ignore, events=Deposited).drain()
    assert "filter" == mismatch(next_release, events=PaidIn).what
    Consumer(next_release, NAME).change_filter(PaidIn, rewind_to=0)
    assert 1 == subscriber(next_release, ignore, events=PaidIn).drain()
    assert 1 == row_of(next_release).position
