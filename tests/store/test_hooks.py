"""Statements go past SQLAlchemy's machinery only where nobody listens to it."""

from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.dialects.driver import run
from tests.domain import Opened

ADA = Stream("account", "ada")


@pytest.mark.parametrize("hook", ["before_cursor_execute", "after_cursor_execute"])
def test_hooks_of_the_engine_see_every_statement(store: EventStore, hook: str) -> None:
    """Tracing, as OpenTelemetry's, hangs on these."""
    heard: list[str] = []

    def hear(_: Connection, cursor: Any, statement: str, *rest: Any) -> None:
        heard.append(statement.lower())

    store.settled()  # what the first use asks is not meant
    event.listen(store.engine, hook, hear)
    with UnitOfWork(store) as uow:
        uow.append(ADA, [Opened("Ada")], expected=0)
    list(store.read(ADA, events=Opened))
    assert any("insert into" in statement for statement in heard)
    assert any("select" in statement and "stream_id" in statement for statement in heard)


def test_what_the_database_refuses_is_an_error_of_sqlalchemys(store: EventStore) -> None:
    """And the connection is fit for the next transaction."""
    with store.engine.connect() as connection:
        with pytest.raises(DBAPIError, match="no_such_table"):
            run(connection, "select * from no_such_table", (), returns=True)
        connection.rollback()
        assert 1 == run(connection, "select 1", (), returns=True).scalar_one()


def test_a_transaction_that_is_over_is_refused_as_by_sqlalchemy(store: EventStore) -> None:
    """The block's transaction has ended, so nothing begins another behind its back."""
    with store.engine.connect() as connection, connection.begin() as transaction:
        transaction.rollback()
        with pytest.raises(Exception, match="Can't operate on closed transaction"):
            run(connection, "select 1", (), returns=True)
