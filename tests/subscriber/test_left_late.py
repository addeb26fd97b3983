"""A worker that ends in good order after its lease ran out."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from sourcery import EventStore, Recorded, Subscriber, UnitOfWork, schema
from tests.domain import Deposited
from tests.subscriber.support import deposit

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.mark.promise(22)
@pytest.mark.needs("backends")
def test_the_connection_that_it_gave_back_is_nobodys_to_end(bank: EventStore) -> None:
    """It may be the program's by the time that somebody takes the shard over."""
    deposit(bank, "ada", 1)

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        with bank.engine.begin() as other:
            other.execute(update(schema.consumers).values(lease_until=LONG_AGO))

    Subscriber(bank, "late", handle, events=Deposited).run_once()
    row = select(schema.consumers.c.owner, schema.consumers.c.backend)
    with bank.engine.connect() as connection:
        owner, backend = connection.execute(row).one()
    assert (True, None) == (owner is not None, backend)
