"""Two versions are compared at one position, and go on at once."""

import time
from threading import Event
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from sourcery import EventStore, ReadModel
from sourcery.errors import ConsumerFailed, InvalidArgument, NotComparable
from sourcery.read_models import Difference
from tests.domain import Deposited
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE, wait_until
from tests.read_models.support import (
    BALANCES,
    NAME,
    add_up,
    change,
    deposit,
    first,
    held,
    second,
)
from tests.subscriber.support import AT_ONCE, Broken, policy

#: More rows than are read at once.
MANY = 1234


def both(store: EventStore, accounts: int = 3) -> tuple[ReadModel, ReadModel]:
    """Two versions of so many accounts."""
    for number in range(accounts):
        deposit(store, f"{number:04}", number)
    one, two = first(store), second(store)
    one.build()
    two.build()
    return one, two


def filled(store: EventStore) -> tuple[ReadModel, ReadModel]:
    """Two versions whose tables hold many rows, written by nobody's handler."""
    one, two = both(store, 1)
    rows = [{"account": f"a{n}", "cents": n} for n in range(MANY)]
    for model, more in ((one, {}), (two, {"deposits": 1})):
        change(store, insert(model.tables[NAME]).values([row | more for row in rows]))
    return one, two


def test_the_same_rows_are_equal(bank: EventStore) -> None:
    """In the columns that both have; the rest is named."""
    one, two = both(bank)
    found = two.compare(one)
    assert found.is_equal
    assert (3, 3) == (found.compared, found.position)
    assert (f"{NAME}.deposits", "entries") == found.left_out


def test_one_far_behind_is_brought_near_before_anybody_is_held(
    bank: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody ran it for long: that takes what a build takes, not the 30 seconds of a hold."""
    two = both(bank, 2)[1]
    for number in range(40):
        deposit(bank, "ada", number)
    two.build()
    monkeypatch.setattr("sourcery.read_models.meeting.LONGEST_HOLD", 1.0)
    slow = first(bank, slowly(0.05), page=5)
    assert two.compare(slow).is_equal


def slowly(seconds: float) -> Any:
    """The handler of the first version, on a slow day."""

    def handle(*given: Any) -> None:
        time.sleep(seconds)
        add_up(*given)

    return handle


def test_every_difference_is_counted(bank: EventStore) -> None:
    """And the first are named by their keys, never by what they hold."""
    one, two = both(bank)
    table = two.tables[NAME]
    change(bank, update(table).where(table.c.account == "0001").values(cents=77))
    change(bank, delete(table).where(table.c.account == "0002"))
    change(bank, insert(table).values(account="zoe", cents=1, deposits=1))
    found = two.compare(one)
    assert (1, 1, 1) == (found.different, found.missing, found.unexpected)
    assert not found.is_equal
    whats = {"0001": "cents", "0002": "missing", "zoe": "unexpected"}
    assert [
        Difference(table=NAME, key=(key,), what=what) for key, what in sorted(whats.items())
    ] == sorted(found.examples, key=lambda example: example.key)


def test_more_rows_than_a_page_are_compared(bank: EventStore) -> None:
    """Each once, whatever the order."""
    one, two = filled(bank)
    found = two.compare(one)
    assert (MANY + 1, True) == (found.compared, found.is_equal)
    change(bank, delete(two.tables[NAME]))
    found = two.compare(one)
    assert (0, MANY + 1, 20) == (found.compared, found.missing, len(found.examples))


def test_a_sample_is_the_same_on_both_sides(bank: EventStore) -> None:
    """So that what is not chosen is not missing."""
    one, two = filled(bank)
    found = two.compare(one, sample=0.2)
    assert found.is_equal
    assert 0 < found.compared < MANY / 2
    table = two.tables[NAME]
    change(bank, update(table).values(cents=table.c.cents + 1))
    assert found.compared == two.compare(one, sample=0.2).different


def test_only_some_columns(bank: EventStore) -> None:
    """What may differ is left out by whoever knows it."""
    one, two = both(bank)
    change(bank, update(two.tables[NAME]).values(cents=5))
    assert two.compare(one, columns=[]).is_equal
    assert not two.compare(one, columns=["cents"]).is_equal
    with pytest.raises(InvalidArgument, match="deposits: both versions have cents"):
        two.compare(one, columns=["deposits"])


def test_what_nobody_runs_is_brought_to_one_position(bank: EventStore) -> None:
    """By the call itself."""
    one, two = both(bank)
    position = deposit(bank, "ada", 4)
    two.build()
    found = two.compare(one)
    assert (position, True) == (found.position, found.is_equal)
    assert 4 == held(bank, one)["ada"]


def test_two_that_are_behind_are_brought_to_now(bank: EventStore) -> None:
    """Or they would agree on what is old."""
    one, two = both(bank, 1)
    position = deposit(bank, "ada", 4)
    found = two.compare(one)
    assert (position, 2, True) == (found.position, found.compared, found.is_equal)


@pytest.mark.promise(49)
def test_both_go_on_under_load(bank: EventStore, background: Background) -> None:
    """Workers run, a writer writes: equal each time, at positions that rise."""
    one, two = both(bank)
    stop = Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            deposit(bank, f"{number % 7:04}", number)
            number += 1

    tasks = [background(model.run, stop) for model in (first(bank), second(bank, shards=1))]
    tasks.append(background(write))
    try:
        found = [two.compare(one) for _ in range(5)]
        last = bank.settled()
        wait_until(lambda: min(m.consumer.health().position for m in (one, two)) >= last)
    finally:
        stop.set()
    for task in tasks:
        task.result(DEADLINE)
    assert all(one.is_equal for one in found)
    positions = [each.position for each in found]
    assert sorted(positions) == positions


def test_nobody_is_held_afterwards(bank: EventStore) -> None:
    """Also when the comparison could not be made."""
    one, two = both(bank)
    two.compare(one)
    two.consumer.pause()
    deposit(bank, "ada", 1)
    with pytest.raises(NotComparable, match="balances@2 is paused at position 3: resume"):
        one.compare(two)
    health = [model.consumer.health() for model in (one, two)]
    assert [None, None] == [each.shards[0].hold_at for each in health]


def test_events_that_one_gave_up_make_them_not_comparable(bank: EventStore) -> None:
    """They are listed, whatever was decided on them."""
    one, two = both(bank)

    def fail(uow: Any, recorded: Any, tables: Any) -> None:
        raise Broken("never")

    position = deposit(bank, "ada", 1)
    second(bank, fail, on_error=policy("skip")).build()
    with pytest.raises(NotComparable, match="balances@2 gave up 1 events") as caught:
        two.compare(one)
    assert [f"balances@2 at {position}"] == caught.value.letters


def test_one_that_fails_on_the_way_says_so(bank: EventStore) -> None:
    """It is not compared as it is."""
    one, two = both(bank)

    def fail(uow: Any, recorded: Any, tables: Any) -> None:
        raise Broken("never")

    deposit(bank, "ada", 1)
    two.build()
    broken = first(bank, fail, on_error=policy("stop", wait=AT_ONCE))
    with pytest.raises(ConsumerFailed, match="Broken"):
        two.compare(broken)
    assert None is two.consumer.health().shards[0].hold_at
    assert one.version == 1


@pytest.mark.databases("sqlite")
def test_bad_arguments_are_named(bank: EventStore) -> None:
    """Before anybody is held."""
    one, two = both(bank, 1)
    for sample in (0, -1, 1.5, True):
        with pytest.raises(InvalidArgument, match="sample"):
            two.compare(one, sample=sample)
    other = ReadModel(bank, "others", add_up, version=1, tables=[BALANCES], events=Deposited)
    with pytest.raises(InvalidArgument, match="columns"):
        two.compare(one, columns="cents")
    with pytest.raises(NotComparable, match="balances@1 was never built: build"):
        first(bank).drop()
        two.compare(first(bank))
    with pytest.raises(InvalidArgument, match="other"):
        two.compare(other)
