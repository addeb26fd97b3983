"""Joined transactions of a higher isolation level, and those of other schemas."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from sourcery import EventStore, UnitOfWork, purge_inbox
from sourcery.errors import RetryTransaction
from tests.databases import Database
from tests.inbox.support import PAYMENTS, accepted, let_pass, remembered
from tests.ordering.test_tenants import Tenants, engine, tenants

__all__ = ["engine", "tenants"]

pytestmark = [pytest.mark.promise(43), pytest.mark.promise(49)]


@pytest.mark.databases("postgresql", "mariadb")
def test_rule_6_an_older_snapshot_is_told_of_the_repeat(
    bank: EventStore, database: Database
) -> None:
    """Or asked to begin anew: never that it is new."""
    repeatable = bank.engine.execution_options(isolation_level="REPEATABLE READ")
    refused = database.family == "postgresql"
    with repeatable.connect() as connection:
        connection.exec_driver_sql("select count(*) from sourcery_events")  # its snapshot
        assert accepted(bank, "1")
        with (
            pytest.raises(RetryTransaction) if refused else nullcontext(),
            UnitOfWork(bank, session=connection) as uow,
        ):
            assert not uow.accept(PAYMENTS, "1")
        connection.rollback()


@pytest.mark.databases("postgresql")
def test_rule_11_tenants_accept_for_themselves(tenants: Tenants, engine: Engine) -> None:
    """Each schema has an inbox, and a purge is of one."""
    for tenant in tenants:
        assert [True, False] == [accepted(tenant, "1"), accepted(tenant, "1")]
        let_pass(tenant, timedelta(days=8))
    one, two = tenants
    assert 1 == purge_inbox(one)
    assert ([], [(PAYMENTS, "1")]) == (remembered(one), remembered(two))
