"""A transaction that is no more the one of the page never carries its checkpoint.

A deadlock undoes all of a transaction on MariaDB, and statements of SQLite can; whoever catches
the error goes on in the next one.
"""

from contextlib import suppress
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from sqlalchemy import text

from sourcery import EventStore, UnitOfWork
from sourcery.errors import TransactionEnded
from sourcery.guarding import ends_transaction
from tests.domain import ADA, Deposited, events_stored, notes_stored
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE
from tests.subscriber.support import deposit, letter_facts, policy, subscriber, write_note


def make_accounts(store: EventStore) -> None:
    """Two rows to lock, and many to make the other transaction the dearer one."""
    with store.engine.begin() as connection:
        connection.execute(text("create table accounts (id integer primary key, n integer)"))
        connection.execute(text("create table ballast (n integer)"))
        connection.execute(text("insert into accounts values (1, 0), (2, 0)"))


ADD = "update accounts set n = n + 1 where id = :id"


def rival(store: EventStore, locked: Event, go_on: Event) -> None:
    """Lock the second row, then the first."""
    with store.engine.begin() as connection:
        connection.execute(text("insert into ballast values (:n)"), [{"n": n} for n in range(500)])
        connection.execute(text(ADD), {"id": 2})
        locked.set()
        assert go_on.wait(DEADLINE)
        connection.execute(text(ADD), {"id": 1})


@pytest.mark.promise(22)
@pytest.mark.promise(49)
@pytest.mark.databases("mariadb")
def test_a_deadlock_that_a_handler_caught_loses_nothing(
    bank: EventStore, background: Background
) -> None:
    """Events before it in the page were undone with it, so they are handled again."""
    make_accounts(bank)
    deposit(bank, "ada", 3)
    deadlocks: list[str] = []

    def handle(uow: Any, recorded: Any) -> None:
        write_note(uow, recorded)
        uow.session.flush()
        if recorded.version == 2 and not deadlocks:
            locked, go_on = Event(), Event()
            task = background(rival, bank, locked, go_on)
            assert locked.wait(DEADLINE)
            uow.session.execute(text(ADD), {"id": 1})
            go_on.set()
            try:
                with uow.session.begin_nested():
                    uow.session.execute(text(ADD), {"id": 2})
            except Exception as error:  # noqa: BLE001 - what a careless handler does
                deadlocks.append(str(error))
            task.result(DEADLINE)

    assert 3 == subscriber(bank, handle, on_error=policy("stop", retries=3)).drain()
    assert ["ada 1", "ada 2", "ada 3"] == notes_stored(bank)
    assert "1213" in deadlocks[0] or "SAVEPOINT" in deadlocks[0]  # gone with the transaction


FAILING = {
    "sqlite": "insert or rollback into notes (id, text) values (1, 'x')",
    "postgresql": "select 1 / 0",
}


@pytest.mark.promise(22)
@pytest.mark.databases("sqlite", "postgresql")
def test_a_statement_that_undid_the_page_fails_its_event(bank: EventStore) -> None:
    """Though the handler caught its error; the others are handled."""
    deposit(bank, "ada", 3)

    def handle(uow: Any, recorded: Any) -> None:
        write_note(uow, recorded)
        uow.session.flush()
        if recorded.version == 2:
            with suppress(Exception):  # what a careless handler does
                uow.session.connection().exec_driver_sql(FAILING[bank.engine.dialect.name])

    consumer = subscriber(bank, handle, on_error=policy("skip"))
    consumer.drain()
    assert ["ada 1", "ada 3"] == notes_stored(bank)
    assert [(2, "skipped", 1)] == letter_facts(bank)


@pytest.mark.databases("sqlite", "postgresql")
def test_a_unit_of_work_is_not_half_written(bank: EventStore) -> None:
    """Its events would be there, and its rows not."""
    deposit(bank, "ada")
    caught = pytest.raises(TransactionEnded, match="was caught: let it through")
    with caught, UnitOfWork(bank) as uow:
        uow.session.execute(text("insert into notes (id, text) values (1, 'mine')"))
        uow.append(ADA, [Deposited(1)])
        with suppress(Exception):  # what careless code does
            uow.session.connection().exec_driver_sql(FAILING[bank.engine.dialect.name])
    assert ([], 1) == (notes_stored(bank), events_stored(bank))


ENDS = [
    "COMMIT",
    " commit ;",
    "/* trace:1 */ COMMIT",
    "-- why\nCOMMIT",
    "SELECT 1; COMMIT",
    ";COMMIT",
    "(COMMIT)",
    "ROLLBACK",
    "rollback/*x*/",
    "ABORT",
    "END",
    "BEGIN",
    "START TRANSACTION",
    "SET autocommit=1",
    "SET SESSION autocommit = 1",
    "LOCK TABLES dep WRITE",
    "XA END 'a'",
    "PREPARE TRANSACTION 'x'",
]


@pytest.mark.parametrize("statement", ENDS)
def test_a_statement_that_ends_the_transaction_is_known(statement: str) -> None:
    """Whatever is written around it."""
    assert ends_transaction(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "ROLLBACK TO SAVEPOINT a",
        "ROLLBACK TO a",
        "SAVEPOINT a",
        "RELEASE SAVEPOINT a",
        "LOCK TABLE a IN SHARE MODE",
        "insert into commits values (1)",
        "create trigger t after insert on a begin insert into b values (1); end",
        "set local lock_timeout = 1",
        "update a set beginning = 1",
        "",
    ],
)
def test_other_statements_are_let_through(statement: str) -> None:
    """They stay inside."""
    assert not ends_transaction(statement)


@pytest.mark.promise(16)
def test_a_start_at_a_time_delivers_what_was_recorded_then(bank: EventStore) -> None:
    """Though the database's clock is coarser than ours."""
    for _ in range(20):
        start = datetime.now(UTC)
        last = deposit(bank, "ada")
        with bank.subscribe(after=start, timeout=0) as events:
            assert last in [recorded.position for recorded in events]
