"""Promise 19: where a consumer begins, which is decided once, when it is stored."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sourcery import NOW, ORIGIN, EventStore
from sourcery.errors import InvalidArgument
from sourcery.testing.conformance.databases import FLOORS, Database, capabilities
from sourcery.testing.conformance.domain import open_bank
from sourcery.testing.conformance.fixtures import Background, Running
from sourcery.testing.conformance.subscribers import (
    Seen,
    all_rows_of,
    deposit,
    ignore,
    row_of,
    subscriber,
)
from sourcery.testing.conformance.support import in_flight, wait_until

pytestmark: object = [pytest.mark.promise(19), pytest.mark.usefixtures("notes")]


def seen_from(store: EventStore, after: Any, **options: Any) -> list[str]:
    """What a new consumer is given that begins there."""
    seen = Seen(then=ignore)
    subscriber(store, seen, after=after, **options).drain()
    return seen.notes


def test_at_the_origin_by_default(bank: EventStore) -> None:
    """All there is."""
    deposit(bank, "ada", 3)
    assert ["ada 1", "ada 2", "ada 3"] == seen_from(bank, ORIGIN)


def test_after_a_position(bank: EventStore) -> None:
    """Which is exclusive; the last one is a place to begin as well."""
    last = deposit(bank, "ada", 3)
    assert ["ada 2", "ada 3"] == seen_from(bank, 1, name="after 1")
    assert ([], last) == (seen_from(bank, last), row_of(bank).position)


def test_a_position_that_is_not_there_yet_is_refused(bank: EventStore) -> None:
    """Stored, it would be taken for history that was lost; nothing is stored."""
    last = deposit(bank)
    with pytest.raises(InvalidArgument, match=f"after: position {last + 1} is beyond the log"):
        subscriber(bank, ignore, after=last + 1).drain()
    assert [] == all_rows_of(bank)


def test_at_a_time(database: Database) -> None:
    """With the first event recorded then or later; when there is none, with what comes."""
    clock = [datetime(2026, 11, 1, tzinfo=UTC)]
    with open_bank(database, clock=lambda: clock[0]) as bank:
        for _ in range(3):
            deposit(bank)
            clock[0] += timedelta(days=1)
        third = datetime(2026, 11, 3, tzinfo=UTC)
        assert ["ada 3"] == seen_from(bank, third, name="then")
        second = third - timedelta(hours=47)
        assert ["ada 2", "ada 3"] == seen_from(bank, second, name="later")
        assert [] == seen_from(bank, third + timedelta(seconds=1))
        deposit(bank)
        assert ["ada 4"] == seen_from(bank, ORIGIN)


def test_now_sees_nothing_settled_before(bank: EventStore) -> None:
    """It is a place that is stored: what comes before the next start is not missed."""
    last = deposit(bank, "ada", 3)
    assert ([], last) == (seen_from(bank, NOW), row_of(bank).position)
    deposit(bank, "ada", 2)
    assert ["ada 4", "ada 5"] == seen_from(bank, NOW)


@pytest.mark.needs("writers")
@pytest.mark.promise(13)
def test_now_delivers_what_is_not_settled_yet(bank: EventStore, background: Background) -> None:
    """An event that is in flight when it begins, and one that committed behind that."""
    deposit(bank, "before")
    with in_flight(bank) as flight:
        flight.append("in flight")
        late = background(deposit, bank, "late")
        if FLOORS in capabilities(bank.database.dialect):
            late.result()
        assert [] == seen_from(bank, NOW)
        flight.commit()
    late.result()
    assert ["late 1"] == seen_from(bank, NOW)


def test_now_is_one_place_for_all_shards(bank: EventStore) -> None:
    """Though events come while it begins; and each of them is given, or was before."""
    deposit(bank, "ada", 3)
    assert [] == seen_from(bank, NOW, shards=8)
    assert {3} == {row.position for row in all_rows_of(bank)}
    for stream_id in range(20):
        deposit(bank, stream_id)
    assert 20 == len(set(seen_from(bank, NOW, shards=8)))


@pytest.mark.parametrize(
    "later", [lambda _: ORIGIN, lambda _: 1, lambda last: last + 99, lambda _: NOW]
)
def test_a_later_start_counts_for_nothing(bank: EventStore, later: Callable[[int], Any]) -> None:
    """The checkpoint is where it goes on, whatever the program says by now."""
    last = deposit(bank, "ada", 3)
    assert ["ada 3"] == seen_from(bank, 2)
    deposit(bank)
    assert ["ada 4"] == seen_from(bank, later(last))


def test_it_goes_on_where_it_stood(bank: EventStore, running: Running) -> None:
    """After any end, whichever way it worked before."""
    deposit(bank, "ada", 3)
    seen = Seen()
    consumer = subscriber(bank, seen, page=2)
    consumer.run_once()
    running(consumer)
    wait_until(lambda: len(seen.notes) == 3)
    consumer.stop()
    wait_until(lambda: row_of(bank).owner is None)
    deposit(bank)
    assert 1 == subscriber(bank, seen).drain()
    assert ["ada 1", "ada 2", "ada 3", "ada 4"] == seen.notes
