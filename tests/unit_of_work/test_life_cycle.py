"""A unit of work is entered once, left once, and then only read."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session, sessionmaker

from sourcery import EventStore, UnitOfWork
from sourcery.errors import UnitOfWorkError
from tests.domain import (
    ADA,
    Account,
    Deposited,
    Note,
    Overdrawn,
    append,
    events_stored,
    history,
    notes_stored,
)

pytestmark = pytest.mark.promise(5)

USES: list[Callable[[UnitOfWork], object]] = [
    lambda uow: uow.create(Account, "ada"),
    lambda uow: uow.get(Account, "ada"),
    lambda uow: uow.get_or_create(Account, "ada"),
    lambda uow: uow.append(ADA, [Deposited(1)]),
    lambda uow: uow.publish("payments", payload=1),
    lambda uow: uow.session,
]


def test_outside_its_block_nothing_can_be_done(bank: EventStore) -> None:
    """Neither before, nor after a commit, nor after a rollback."""
    new, committed, undone = UnitOfWork(bank), UnitOfWork(bank), UnitOfWork(bank)
    with committed:
        pass
    with pytest.raises(Overdrawn), undone:
        raise Overdrawn
    for uow, state in ((new, "not entered"), (committed, "committed"), (undone, "rolled back")):
        for use in USES:
            with pytest.raises(UnitOfWorkError, match=state):
                use(uow)
    assert 0 == events_stored(bank)


def test_it_is_used_once(bank: EventStore) -> None:
    """Inside itself, after a commit, and after a rollback."""
    with UnitOfWork(bank) as committed, pytest.raises(UnitOfWorkError, match="used once"):
        committed.__enter__()
    undone = UnitOfWork(bank)
    with pytest.raises(Overdrawn), undone:
        raise Overdrawn
    for uow in (committed, undone):
        with pytest.raises(UnitOfWorkError, match="used once"), uow:
            pytest.fail("entered again")


def test_a_domain_exception_passes_as_it_is(bank: EventStore) -> None:
    """The same object, without a cause of ours."""
    mine = Overdrawn("not enough")
    with pytest.raises(Overdrawn) as caught, UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(1)])
        raise mine
    assert caught.value is mine
    assert None is caught.value.__cause__
    assert 0 == events_stored(bank)


def test_a_unit_that_does_nothing_needs_no_database() -> None:
    """Nothing is opened before it is needed."""
    with (
        EventStore("postgresql://nobody@127.0.0.1:1/none") as store,
        UnitOfWork(store) as uow,
    ):
        uow.append(ADA, [])


def test_two_units_of_work_do_not_disturb_each_other(bank: EventStore) -> None:
    """One after the other inside the same block, as long as the outer one wrote nothing yet."""
    with UnitOfWork(bank) as outer:
        outer.append(ADA, [Deposited(2)])
        with UnitOfWork(bank) as inner:
            inner.append(ADA, [Deposited(1)])
    assert [Deposited(1), Deposited(2)] == history(bank, ADA)


@pytest.mark.usefixtures("notes")
def test_the_session_is_one_and_sees_its_own_rows(bank: EventStore) -> None:
    """Autoflushed, on the connection of the unit of work."""
    with UnitOfWork(bank) as uow:
        assert uow.session is uow.session
        uow.session.add(Note(text="here"))
        assert 1 == uow.session.query(Note).count()
    assert ["here"] == notes_stored(bank)


@pytest.mark.usefixtures("notes")
def test_a_sessionmaker_makes_the_session(bank: EventStore) -> None:
    """With the caller's own class and options."""

    class Mine(Session):
        pass

    maker = sessionmaker(bank.engine, class_=Mine, expire_on_commit=False)
    with EventStore(maker, aggregates=[Account]) as store, UnitOfWork(store) as uow:
        assert isinstance(uow.session, Mine)
        uow.session.add(Note(text="mine"))
        uow.create(Account, "ada").open("Ada")
    assert (1, ["mine"]) == (events_stored(bank), notes_stored(bank))


@pytest.mark.usefixtures("notes")
def test_the_callers_engine_stays_open(bank: EventStore) -> None:
    """What the store did not open it does not close."""
    with bank.engine.connect() as connection, EventStore(bank.engine) as store:
        append(store, ADA, [Deposited(1)])
        store.close()
        assert 1 == connection.exec_driver_sql("select 1").scalar()


def test_connections_go_back_to_the_pool(bank: EventStore) -> None:
    """After commits, rollbacks and conflicts: far more of them than the pool holds."""
    for n in range(30):
        append(bank, ADA, [Deposited(n)])
        with pytest.raises(Overdrawn), UnitOfWork(bank) as uow:
            uow.get(Account, "ada").withdraw(10**9)
        with pytest.raises(Exception, match="expected 0"):
            append(bank, ADA, [Deposited(n)], expected=0)
    assert 0 == bank.engine.pool.checkedout()
