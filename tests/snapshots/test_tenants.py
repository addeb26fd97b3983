"""Tenants in schemas of their own have snapshots of their own."""

import pytest
from sqlalchemy.orm import Session

from sourcery import EventStore, UnitOfWork, always
from tests.ordering.test_tenants import Tenants, engine, tenants
from tests.snapshots.domain import Added, kept, tally, work
from tests.unit_of_work.waiting import wait_until

__all__ = ["engine", "tenants"]

pytestmark = [pytest.mark.databases("postgresql"), pytest.mark.promise(33)]

CLS = tally(always())


def test_each_finds_its_own(tenants: Tenants) -> None:
    """Of one stream id in both."""
    one, two = tenants
    work(one, CLS, 1, 2)
    work(two, CLS, 10)
    assert ([2], [1]) == (kept(one), kept(two))
    assert (3, 10) == (one.load(CLS, "t").total, two.load(CLS, "t").total)


def test_a_joined_unit_offers_to_its_own(tenants: Tenants) -> None:
    """The thread that waits for the commit looks into the store's schema."""
    one, two = tenants

    def record(store: EventStore) -> None:
        with Session(store.engine) as session:
            with UnitOfWork(store, session=session) as uow:
                uow.create(CLS, "t").record(Added(1))
            session.commit()

    record(two)
    wait_until(lambda: [1] == kept(two))
    assert [] == kept(one)
