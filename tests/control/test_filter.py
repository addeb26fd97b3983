"""Another filter, and forgetting: one transaction, and no lease survives it."""

import pytest

from sourcery import ORIGIN, EventStore
from sourcery.consumers import LeaseLost
from sourcery.control import reshaping
from sourcery.errors import (
    ConsumerNotFound,
    DefinitionError,
    InvalidArgument,
    RequestRefused,
)
from sourcery.subscriber import filter_text
from tests.control.support import (
    MOMENT,
    deposits,
    given_up,
    moved,
    owned,
    page,
    positions,
    registered,
    rows,
    statuses,
)
from tests.domain import ADA, Deposited, Opened, Withdrawn


@pytest.mark.promise(49)
def test_rule_18_another_filter_keeps_the_position(bank: EventStore) -> None:
    """When told so; and no worker of before can write."""
    deposits(bank, ADA, 5)
    consumer = registered(bank, shards=2, position=5, events=Deposited)
    lease = owned(consumer)
    consumer.change_filter(Opened | Deposited, ["account"], rewind_to=None)
    assert {filter_text([Deposited, Opened], ["account"])} == {r.filter for r in rows(consumer)}
    assert ([5, 5], ["stopped", "stopped"]) == (positions(consumer), statuses(consumer))
    with pytest.raises(LeaseLost):
        page(consumer, lease, 5, 5)


@pytest.mark.promise(49)
def test_rule_18_another_filter_with_a_rewind(bank: EventStore) -> None:
    """All shards that are further go back, and letters above go away."""
    deposits(bank, ADA, 5)
    consumer = registered(bank, shards=2, position=2, events=Deposited)
    moved(consumer, 5, shard=1)
    for recorded in bank.read(ADA, from_version=3):
        given_up(consumer, recorded)
    consumer.change_filter(Withdrawn, rewind_to=4)
    assert ([2, 4], [3, 4]) == (positions(consumer), [x.position for x in consumer.letters()])
    consumer.pause()
    consumer.change_filter(Opened, rewind_to=ORIGIN)
    assert ([0, 0], []) == (positions(consumer), consumer.letters())
    assert ["paused", "paused"] == statuses(consumer)


def test_a_filter_is_a_union_of_events(bank: EventStore) -> None:
    """And a place to rewind to is one."""
    consumer = registered(bank)
    before = rows(consumer)
    with pytest.raises(DefinitionError):
        consumer.change_filter(int, rewind_to=None)
    for nowhere in (-1, 999):
        with pytest.raises(InvalidArgument, match="rewind_to"):
            consumer.change_filter(Opened, rewind_to=nowhere)
    assert before[0].filter == rows(consumer)[0].filter


def test_a_forgotten_consumer_never_ran(bank: EventStore) -> None:
    """Rows and letters are gone, those of others are not."""
    deposits(bank, ADA)
    consumer, other = registered(bank, shards=2, position=1), registered(bank, name="other")
    for one in (consumer, other):
        given_up(one, next(bank.read(ADA)))
    owned(consumer, seconds=-1)
    consumer.forget()
    with pytest.raises(ConsumerNotFound):
        consumer.letters()
    assert 1 == len(other.letters())


def test_a_consumer_that_runs_is_not_forgotten(bank: EventStore) -> None:
    """Its worker would begin anew from the start."""
    consumer = registered(bank, shards=2)
    owned(consumer, shard=1)
    with pytest.raises(RequestRefused, match="worker 1 runs shard 1: stop it first"):
        consumer.forget()
    assert 2 == len(rows(consumer))


def test_a_row_that_is_locked_is_refused_in_the_end(
    bank: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not waited for without end."""
    monkeypatch.setattr(reshaping, "_PATIENCE", MOMENT)
    consumer = registered(bank)
    with bank.database.connect_to_write() as other, other.begin():
        other.exec_driver_sql("update sourcery_consumers set attempts = 1")
        with pytest.raises(RequestRefused, match="locked by another transaction"):
            consumer.forget()
    consumer.forget()
