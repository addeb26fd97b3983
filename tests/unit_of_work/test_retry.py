"""Deadlocks and serialization failures, made by real transactions."""

from threading import Barrier, BrokenBarrierError, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from sourcery import EventStore, UnitOfWork, transact
from sourcery.errors import Retryable, RetryTransaction
from sourcery.testing.conformance.together import DEADLINE, together
from tests.domain import (
    ADA,
    BOB,
    Account,
    Deposited,
    Note,
    append,
    events_stored,
    history,
    notes_stored,
    versions,
)

pytestmark = [
    pytest.mark.promise(49),
    pytest.mark.usefixtures("notes"),
    pytest.mark.databases("postgresql", "mariadb"),
]


@pytest.fixture
def rows(bank: EventStore, notes: None) -> None:
    """Two rows to lock; deadlocks are found quickly."""
    with Session(bank.engine) as session:
        session.add_all([Note(id=1, text="one"), Note(id=2, text="two")])
        session.commit()
    if bank.engine.dialect.name == "postgresql":
        name = bank.engine.url.database
        with bank.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql(f"alter database {name} set deadlock_timeout = '20ms'")
        bank.engine.dispose()


def lock(session: Session, id: int) -> None:
    """Lock a row until the end of the transaction."""
    session.execute(text("update notes set text = concat(text, '!') where id = :id"), {"id": id})


@pytest.mark.promise(3)
@pytest.mark.usefixtures("rows")
def test_transact_repeats_after_a_deadlock(bank: EventStore) -> None:
    """Two commands lock two rows in opposite order; both are carried out, once."""
    gate = Barrier(2)

    def work(number: int) -> int:
        def command(uow: UnitOfWork) -> None:
            first, second = ((1, 2), (2, 1))[number]
            lock(uow.session, first)
            _meet_once(gate)
            lock(uow.session, second)
            uow.get_or_create(Account, number).deposit(1)

        return transact(bank, command, attempts=10).attempts

    assert [1, 2] == sorted(together(2, work))
    assert ["one!!", "two!!"] == notes_stored(bank)
    assert 2 == events_stored(bank)


def _meet_once(gate: Barrier) -> None:
    """In the first attempt both hold their first row before they want the second."""
    try:
        gate.wait(DEADLINE)
        gate.abort()
    except BrokenBarrierError:
        pass


@pytest.mark.databases("postgresql")
@pytest.mark.usefixtures("rows")
def test_joined_units_in_opposite_order_can_deadlock(bank: EventStore) -> None:
    """Each transaction appends to two streams: one is told to retry, the other commits."""
    gate = Barrier(2)

    def work(number: int) -> None:
        with Session(bank.engine) as session:
            first, second = ((ADA, BOB), (BOB, ADA))[number]
            with UnitOfWork(bank, session=session) as uow:
                uow.append(first, [Deposited(number)], expected=0)
            gate.wait(DEADLINE)
            with UnitOfWork(bank, session=session) as uow:
                uow.append(second, [Deposited(number)], expected=0)
            session.commit()

    outcomes = together(2, work)
    assert ["NoneType", "RetryTransaction"] == sorted(type(o).__name__ for o in outcomes)
    winner = outcomes.index(None)
    assert [[Deposited(winner)]] * 2 == [history(bank, ADA), history(bank, BOB)]


@pytest.mark.databases("mariadb")
@pytest.mark.usefixtures("rows")
def test_an_append_that_is_the_victim_of_a_deadlock(bank: EventStore) -> None:
    """The lighter transaction is ended: the one whose append waits for the counter row."""
    with Session(bank.engine) as light, Session(bank.engine) as heavy:
        lock(light, 1)
        heavy.add_all([Note(text=f"heavy {n}") for n in range(100)])
        with UnitOfWork(bank, session=heavy) as uow:
            uow.append(BOB, [Deposited(1)] * 5)
        other = Thread(target=lock, args=(heavy, 1))
        other.start()
        with pytest.raises(RetryTransaction), UnitOfWork(bank, session=light) as uow:
            uow.append(ADA, [Deposited(1)])
        light.rollback()
        other.join(DEADLINE)
        heavy.commit()
        with UnitOfWork(bank, session=light) as uow:
            uow.append(ADA, [Deposited(2)])
        light.commit()
    assert [[Deposited(2)], [Deposited(1)] * 5] == [history(bank, ADA), history(bank, BOB)]


@pytest.mark.databases("mariadb")
def test_an_append_that_waited_too_long(bank: EventStore) -> None:
    """Another transaction holds the counter row longer than the server lets one wait."""
    with Session(bank.engine) as holder, Session(bank.engine) as session:
        with UnitOfWork(bank, session=holder) as uow:
            uow.append(BOB, [Deposited(1)])
        session.execute(text("set innodb_lock_wait_timeout = 1"))
        with pytest.raises(RetryTransaction), UnitOfWork(bank, session=session) as uow:
            uow.append(ADA, [Deposited(1)])
        session.execute(text("set innodb_lock_wait_timeout = 50"))
        session.rollback()
        holder.commit()
    assert [Deposited(1)] == history(bank, BOB)


@pytest.mark.databases("mariadb")
def test_an_append_over_a_record_that_changed(bank: EventStore) -> None:
    """With `innodb_snapshot_isolation`, MariaDB's default from 11.6 on."""
    with Session(bank.engine.execution_options(isolation_level="REPEATABLE READ")) as session:
        session.execute(text("set innodb_snapshot_isolation = on"))
        session.rollback()
        session.execute(text("select count(*) from sourcery_events")).all()
        append(bank, ADA, [Deposited(1)])
        with pytest.raises(RetryTransaction), UnitOfWork(bank, session=session) as uow:
            uow.append(BOB, [Deposited(1)])
        session.rollback()
        session.execute(text("set innodb_snapshot_isolation = off"))
    assert [] == history(bank, BOB)


@pytest.mark.databases("postgresql")
@pytest.mark.parametrize("level", ["SERIALIZABLE", "REPEATABLE READ"])
def test_a_joined_session_of_a_higher_level_may_append(bank: EventStore, level: str) -> None:
    """When it was overtaken its owner is asked to begin again; then it succeeds."""
    append(bank, ADA, [Deposited(1)])
    with Session(bank.engine.execution_options(isolation_level=level)) as session:
        session.execute(text("select count(*) from sourcery_events")).all()
        append(bank, ADA, [Deposited(2)])
        with pytest.raises(Retryable), UnitOfWork(bank, session=session) as uow:
            uow.get(Account, "ada").deposit(3)
        session.rollback()
        with UnitOfWork(bank, session=session) as uow:
            uow.get(Account, "ada").deposit(4)
        session.commit()
    assert [Deposited(1), Deposited(2), Deposited(4)] == history(bank, ADA)


@pytest.mark.databases("postgresql")
def test_an_unchecked_append_of_an_old_snapshot_asks_to_retry(bank: EventStore) -> None:
    """It cannot see the stream's newest version, so it cannot find its place."""
    with Session(bank.engine.execution_options(isolation_level="REPEATABLE READ")) as session:
        session.execute(text("select count(*) from sourcery_events")).all()
        append(bank, ADA, [Deposited(1)])
        with pytest.raises(RetryTransaction), UnitOfWork(bank, session=session) as uow:
            uow.append(ADA, [Deposited(2)])
        session.rollback()
    assert [Deposited(1)] == history(bank, ADA)


@pytest.mark.databases("mariadb")
def test_an_unchecked_append_of_an_old_snapshot_finds_its_place(bank: EventStore) -> None:
    """Heads are read with a lock, which sees what is committed now."""
    with Session(bank.engine.execution_options(isolation_level="REPEATABLE READ")) as session:
        session.execute(text("select count(*) from sourcery_events")).all()
        append(bank, ADA, [Deposited(1)])
        with UnitOfWork(bank, session=session) as uow:
            uow.append(ADA, [Deposited(2)])
        session.commit()
    assert [1, 2] == versions(bank, ADA)


@pytest.mark.databases("postgresql")
def test_a_serialization_failure_in_the_block_is_repeated(bank: EventStore) -> None:
    """`transact` knows the database's own errors too, from statements of the caller's."""
    runs: list[int] = []

    def command(uow: UnitOfWork) -> None:
        runs.append(1)
        if len(runs) == 1:
            uow.session.execute(text("do $$ begin raise sqlstate '40001'; end $$"))
        uow.get_or_create(Account, "ada").deposit(1)

    assert 2 == transact(bank, command).attempts
    assert [Deposited(1)] == history(bank, ADA)


@pytest.mark.databases("postgresql")
def test_other_errors_of_the_database_are_not_repeated(bank: EventStore) -> None:
    """They are the caller's, and pass through."""
    runs: list[int] = []

    def command(uow: UnitOfWork) -> None:
        runs.append(1)
        uow.session.execute(text("do $$ begin raise sqlstate '57014'; end $$"))

    with pytest.raises(OperationalError):
        transact(bank, command)
    assert [1] == runs
