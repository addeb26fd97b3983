"""Who and why: taken from the context, stored with every event and message."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import String, cast, select

from sourcery import EventStore, Metadata, UnitOfWork, metadata
from sourcery.errors import InvalidArgument
from sourcery.schema import outbox
from tests.databases import Database
from tests.domain import ADA, Account, Deposited, append, events_stored, open_bank

pytestmark = pytest.mark.promise(1)

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def stored(bank: EventStore) -> list[Metadata]:
    """The metadata of all events."""
    return [recorded.metadata for recorded in bank.read()]


def headers(bank: EventStore) -> Iterator[dict[str, Any]]:
    """The headers of all messages."""
    query = select(cast(outbox.c.headers, String(2000))).order_by(outbox.c.position)
    with bank.engine.connect() as connection:
        return iter([json.loads(text) for text in connection.scalars(query)])


def test_events_and_messages_carry_the_context(bank: EventStore) -> None:
    """All four fields."""
    everything = {
        "correlation_id": "request 1",
        "causation_id": "message 2",
        "actor": "ada",
        "traceparent": TRACE,
    }
    with metadata(**everything), UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(1), Deposited(2)])
        uow.publish("payments", payload=1)
    assert [Metadata(**everything)] * 2 == stored(bank)
    assert [everything] == list(headers(bank))


def test_without_a_context_there_is_none(bank: EventStore) -> None:
    """Nothing is made up."""
    with UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(1)])
        uow.publish("payments", payload=1)
    assert [Metadata()] == stored(bank)
    assert [{}] == list(headers(bank))


def test_blocks_nest(bank: EventStore) -> None:
    """The inner one adds and overrides; afterwards the outer one is back."""
    with UnitOfWork(bank) as uow, metadata(actor="ada", correlation_id="1"):
        uow.append(ADA, [Deposited(1)])
        with metadata(actor="bob", causation_id="2"):
            uow.append(ADA, [Deposited(2)])
        uow.append(ADA, [Deposited(3)])
    assert [
        Metadata(actor="ada", correlation_id="1"),
        Metadata(actor="bob", correlation_id="1", causation_id="2"),
        Metadata(actor="ada", correlation_id="1"),
    ] == stored(bank)


def test_an_aggregate_records_with_the_context_of_that_moment(bank: EventStore) -> None:
    """Not that of the commit."""
    with metadata(actor="the commit"), UnitOfWork(bank) as uow:
        account = uow.create(Account, "ada")
        with metadata(actor="the decision"):
            account.open("Ada")
        account.deposit(1)
    assert ["the decision", "the commit"] == [each.actor for each in stored(bank)]


def test_a_header_of_the_callers_goes_before_the_context(bank: EventStore) -> None:
    """And others stand beside it."""
    with metadata(actor="ada", correlation_id="1"), UnitOfWork(bank) as uow:
        uow.publish("payments", payload=1, headers={"actor": "cron", "x": "y"})
    assert [{"actor": "cron", "correlation_id": "1", "x": "y"}] == list(headers(bank))


def test_an_exception_ends_the_context(bank: EventStore) -> None:
    """It does not leak into what comes after."""
    with pytest.raises(ZeroDivisionError), metadata(actor="ada"):
        raise ZeroDivisionError
    append(bank, ADA, [Deposited(1)])
    assert [Metadata()] == stored(bank)


def test_threads_have_contexts_of_their_own(bank: EventStore) -> None:
    """A thread begun inside a block starts without one."""
    with metadata(actor="ada"):
        thread = Thread(target=append, args=(bank, ADA, [Deposited(1)]))
        thread.start()
        thread.join(30)
    assert [Metadata()] == stored(bank)


def test_the_stores_clock_dates_events_and_messages(database: Database) -> None:
    """An aware time in any zone; all rows of a unit have one."""
    moment = datetime(1999, 12, 31, 23, 59, 59, 123456, tzinfo=timezone(timedelta(hours=-3)))
    with open_bank(database, clock=lambda: moment) as bank:
        with UnitOfWork(bank) as uow:
            uow.append(ADA, [Deposited(1), Deposited(2)])
            uow.publish("payments", payload=1)
        assert [moment, moment] == [recorded.recorded_at for recorded in bank.read()]
        assert {UTC} == {recorded.recorded_at.tzinfo for recorded in bank.read()}
        with bank.engine.connect() as connection:
            sent = connection.scalars(select(outbox.c.created_at)).one()
        assert moment == (sent if sent.tzinfo else sent.replace(tzinfo=UTC))


def test_a_naive_clock_is_refused(database: Database) -> None:
    """Nobody could say which moment it was; nothing is written."""
    with open_bank(database, clock=lambda: datetime(2026, 1, 1)) as bank:  # noqa: DTZ001 - so
        with pytest.raises(InvalidArgument, match="clock"):
            append(bank, ADA, [Deposited(1)])
        assert 0 == events_stored(bank)
