"""Rule 36: a snapshot is offered after the engine's commit, and only of what was committed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from sourcery import EventStore, UnitOfWork, always, snapshotting
from tests.snapshots.domain import Added, counting, rows, tally
from tests.unit_of_work.waiting import wait_until

pytestmark = pytest.mark.promise(49)

CLS = tally(always())


@contextmanager
def a_session(store: EventStore) -> Iterator[Any]:
    """The caller's session."""
    with Session(store.engine) as session:
        yield session


@contextmanager
def a_connection(store: EventStore) -> Iterator[Any]:
    """Or connection."""
    with store.engine.connect() as connection:
        yield connection


@pytest.fixture(params=[a_session, a_connection])
def owner(request: pytest.FixtureRequest, store: EventStore) -> Iterator[Session | Connection]:
    """Whose transaction it is."""
    with request.param(store) as owner:
        yield owner


def joined(store: EventStore, owner: Any, id: str, amount: int = 1) -> Any:
    """A unit in the owner's transaction, whose snapshot is due."""
    with UnitOfWork(store, session=owner) as uow:
        found = uow.get_or_create(CLS, id)
        found.record(Added(amount))
    return found


def offered(store: EventStore, *ids: str) -> bool:
    """Whether there are snapshots of these streams, and of no others."""
    return [*ids] == [id for (id,) in rows(store, "owner_id")]


def test_rule_36_it_is_offered_after_the_owners_commit(store: EventStore, owner: Any) -> None:
    """The end of the unit is no commit."""
    joined(store, owner, "a")
    assert offered(store)
    owner.commit()
    wait_until(lambda: offered(store, "a"))
    assert 1 == store.load(CLS, "a").total


def test_rule_36_nothing_is_offered_after_a_rollback(store: EventStore, owner: Any) -> None:
    """Offers are made in order: when the later one is there, the first was forgotten."""
    joined(store, owner, "a")
    owner.rollback()
    joined(store, owner, "b")
    owner.commit()
    wait_until(lambda: not offered(store))
    assert offered(store, "b")


def undone_and_kept(store: EventStore, owner: Any) -> None:
    """A unit that is undone with the caller's savepoint, and one that is committed."""
    savepoint = owner.begin_nested()
    joined(store, owner, "a")
    savepoint.rollback()
    joined(store, owner, "b")
    owner.commit()


def test_rule_36_nothing_is_offered_after_rollback_to_savepoint(
    store: EventStore, owner: Any
) -> None:
    """The transaction commits, the unit is not in it."""
    undone_and_kept(store, owner)
    wait_until(lambda: not offered(store))
    assert offered(store, "b")


def test_rule_36_without_a_look_it_would(
    store: EventStore, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of the test: the commit alone does not tell."""
    monkeypatch.setattr(snapshotting, "_is_visible", lambda *_: True)
    undone_and_kept(store, owner)
    wait_until(lambda: offered(store, "a", "b"))


def test_rule_36_others_that_wrote_the_stream_meanwhile_are_not_described(
    store: EventStore, owner: Any
) -> None:
    """After the savepoint another unit took the version of the one that was undone."""
    savepoint = owner.begin_nested()
    joined(store, owner, "a", 100)
    savepoint.rollback()
    joined(store, owner, "a", 5)
    owner.commit()
    wait_until(lambda: not offered(store))
    counted = counting(store)
    assert (5, 1) == (store.load(CLS, "a").total, counted.unpacked)


def test_rule_36_the_state_is_the_one_of_the_units_end(store: EventStore, owner: Any) -> None:
    """What the caller does to the object later is not committed by anybody."""
    found = joined(store, owner, "a")
    found.total = 99
    owner.commit()
    wait_until(lambda: offered(store, "a"))
    counted = counting(store)
    assert (1, 1) == (store.load(CLS, "a").total, counted.unpacked)


def test_rule_36_each_unit_of_a_transaction_may_offer(store: EventStore, owner: Any) -> None:
    """The newest stays."""
    for _ in range(3):
        joined(store, owner, "a")
    owner.commit()
    wait_until(lambda: [(3,)] == rows(store, "version"))
