"""Deciding by a projection inside a transaction: it is right there, and waits for nobody."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text

from sourcery import EventStore, Recorded, Stream, Subscriber, UnitOfWork
from sourcery.errors import UnitOfWorkError
from tests.ordering.happened import Happened
from tests.ordering.support import InFlight, append, in_flight, wait_until
from tests.project.support import Asked, Kept, versions

#: Seconds. Who waits for itself on SQLite waits for 30, on a server for ever.
AT_ONCE = 10.0


@contextmanager
def at_once() -> Iterator[None]:
    """Nobody waited for a lock."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < AT_ONCE


def lock(uow: UnitOfWork) -> None:
    """Write something: on SQLite nobody else can from now on."""
    uow.session.execute(text("update sourcery_store set environment = environment"))


def test_a_unit_that_wrote_does_not_wait_for_itself(store: EventStore) -> None:
    """The snapshot that is due waits for the commit."""
    append(store, "a", 3)
    with at_once(), UnitOfWork(store) as uow:
        lock(uow)
        assert [1, 2, 3] == uow.project(Kept).positions
        assert [] == versions(store)
    assert [3] == versions(store)


def test_what_was_rolled_back_offers_nothing(store: EventStore) -> None:
    """The next one will."""
    append(store, "a", 3)
    with pytest.raises(ZeroDivisionError), UnitOfWork(store) as uow:
        uow.project(Kept)
        raise ZeroDivisionError
    assert [] == versions(store)


def test_the_newest_of_several_is_offered(store: EventStore) -> None:
    """Each load sees what was settled meanwhile."""
    append(store, "a", 3)
    with UnitOfWork(store) as uow:
        uow.project(Kept)
        append(store, "a", 2)
        assert 5 == uow.project(Kept).position
    assert [5] == versions(store)


def test_what_the_unit_writes_is_not_in_it(store: EventStore) -> None:
    """Neither in the state nor in its snapshot."""
    with UnitOfWork(store) as uow:
        append_in(uow, 2)
        assert [] == uow.project(Kept).positions
    assert [] == versions(store)
    assert [1, 2] == store.project(Kept).positions


def append_in(uow: UnitOfWork, count: int) -> None:
    """Write at the end of a unit."""
    uow.append(Stream("thing", "u"), [Happened(n) for n in range(count)])


def test_only_in_its_block(store: EventStore) -> None:
    """As everything else of a unit."""
    uow = UnitOfWork(store)
    with pytest.raises(UnitOfWorkError):
        uow.project(Kept)


def handling(seen: list[list[int]]) -> Callable[[UnitOfWork, Recorded[Happened]], None]:
    """A handler that writes first, so that nobody else can."""

    def handle(uow: UnitOfWork, recorded: Recorded[Happened]) -> None:
        lock(uow)
        seen.append(uow.project(Kept).positions)

    return handle


def test_a_handler_does_not_wait_for_itself(store: EventStore) -> None:
    """On every database; the page's snapshot comes after the page."""
    append(store, "a", 3)
    seen: list[list[int]] = []
    with at_once():
        Subscriber(store, "deciding", handling(seen), events=Happened).drain(AT_ONCE)
    assert [[1, 2, 3]] * 3 == seen
    assert [3] == versions(store)


@pytest.mark.promise(36)
@pytest.mark.databases("postgresql", "mariadb")
def test_a_repeatable_read_transaction_decides_by_what_is_settled(store: EventStore) -> None:
    """Not by its own view of the past, which would be behind the frontier it reads."""
    append(store, "a", 2)
    with repeatable(store) as connection, UnitOfWork(store, session=connection) as uow:
        assert 1 == connection.scalar(text("select count(*) from sourcery_store"))
        append(store, "b", 2)
        assert [1, 2, 3, 4] == uow.project(Kept).positions
        seen = connection.scalar(text("select count(*) from sourcery_events"))
        assert 2 == seen  # the test of the test: its view is the old one
    wait_until(lambda: [4] == versions(store))


@contextmanager
def repeatable(store: EventStore) -> Iterator[Any]:
    """A transaction of the caller's whose every statement sees the same."""
    engine = store.engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.begin() as connection:
        yield connection


@pytest.mark.promise(36)
@pytest.mark.databases("postgresql", "mariadb")
def test_a_repeatable_read_unit_does_not_offer_what_is_in_flight(
    store: EventStore, flight: InFlight
) -> None:
    """What commits after the transaction began is not lost from the snapshot."""
    append(store, "a", 2)
    flight.append("early", 1)
    with repeatable(store) as connection, UnitOfWork(store, session=connection) as uow:
        connection.scalar(text("select count(*) from sourcery_store"))
        assert [1, 2] == uow.project(Kept).positions
        flight.commit()
        assert [1, 2, 3] == uow.project(Kept).positions
    wait_until(lambda: [3] == versions(store))


def test_a_joined_unit_offers_when_its_owner_commits(store: EventStore) -> None:
    """Not before, and not when it is rolled back."""
    append(store, "a", 2)
    with in_flight(store) as undone, UnitOfWork(store, session=undone.connection) as uow:
        uow.project(Asked)
        uow.project(Kept)
    assert [] == versions(store)
    with in_flight(store) as owner:
        with UnitOfWork(store, session=owner.connection) as uow:
            uow.project(Kept)
        assert [] == versions(store)
        owner.commit()
    wait_until(lambda: [2] == versions(store))
