"""What snapshots cost, in statements counted on the wire and in rows of the log."""

from typing import Any

import pytest

from sourcery import EventStore, Stream, UnitOfWork, always, every, never
from sourcery.log import PAGE
from tests.guards.effort import measuring
from tests.guards.test_statements import kinds
from tests.guards.wire import watching
from tests.snapshots.domain import Added, tally, work

pytestmark = pytest.mark.promise(31)


def spent(store: EventStore, cls: type[Any]) -> list[str]:
    """The statements of one unit that loads and records."""
    with watching(store.engine) as wire:
        work(store, cls, 1)
    return [
        kind for kind in kinds(wire.statements) if kind in ("select", "insert", "update", "delete")
    ]


def test_a_class_without_a_policy_pays_nothing(store: EventStore) -> None:
    """No look for a snapshot, no offer: the same statements as before there were any."""
    work(store, tally(), 1)
    with watching(store.engine) as wire:
        work(store, tally(), 1)
    assert not [statement for statement in wire.statements if "snapshots" in statement]


def test_a_class_with_a_policy_pays_one_look(store: EventStore) -> None:
    """As long as none is due, and whether there is a snapshot or not."""
    plain, cls = tally(), tally(every(100))
    work(store, plain, 1)
    without = spent(store, plain)
    assert [without.count("select") + 1, len(without) + 1] == [
        (looking := spent(store, cls)).count("select"),
        len(looking),
    ]
    store.snapshot(cls, "t")
    assert looking == spent(store, cls)


def test_an_offer_is_one_statement_when_there_is_an_older_one(store: EventStore) -> None:
    """And three for the first: an update of none, a look, an insert."""
    cls = tally(always())
    work(store, tally(), 1)
    looking = spent(store, tally(never()))
    assert [*looking, "update", "select", "insert"] == spent(store, cls)
    assert [*looking, "update"] == spent(store, cls)


@pytest.mark.databases("postgresql")
def test_a_unit_that_offers_is_two_transactions_of_few_statements(store: EventStore) -> None:
    """The offer commits by itself: no BEGIN and no COMMIT around it."""
    cls = tally(always())
    for _ in range(2):
        work(store, cls, 1)
    with watching(store.engine) as wire:
        work(store, cls, 1)
    expected = ["begin", "select", "select", "insert", "commit", "set", "update", "reset"]
    assert expected == kinds(wire.statements)


def test_only_the_tail_is_read(store: EventStore) -> None:
    """Three pages of events, and the last of them only."""
    cls = tally(never())
    with UnitOfWork(store) as uow:
        uow.append(Stream("tally", "t"), [Added(1)] * (3 * PAGE), expected=0)
    store.snapshot(cls, "t")
    work(store, cls, 1, 1)
    with measuring(store.engine) as effort:
        assert 3 * PAGE + 2 == store.load(cls, "t").total
    assert effort.rows < 100
