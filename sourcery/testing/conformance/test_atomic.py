"""Events, streams, messages and the caller's rows: all of them or none."""

from collections.abc import Callable

import pytest
from sqlalchemy import event as on
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.errors import EncodeError, SourceryError, StreamNotFound, VersionConflict
from sourcery.testing.conformance.domain import (
    ADA,
    BOB,
    ORDER,
    Account,
    Deposited,
    Note,
    Order,
    Overdrawn,
    Remarked,
    append,
    events_stored,
    history,
    messages_stored,
    notes_stored,
    versions,
)

pytestmark: object = [pytest.mark.promise(5), pytest.mark.usefixtures("notes")]


class Stop(BaseException):
    """Not even an Exception."""


def everything(uow: UnitOfWork) -> None:
    """Two aggregates, a raw append, two messages and a row, of which some are flushed."""
    uow.create(Account, "ada").open("Ada")
    uow.session.add(Note(text="first"))
    uow.session.flush()
    uow.append(BOB, [Deposited(1), Deposited(2)], expected=0)
    uow.publish("payments", key="bob", payload={"amount": 3})
    uow.create(Order, 1).place("tea")
    uow.session.add(Note(text="second"))
    uow.publish("orders", payload=b"raw")


def stop(_: UnitOfWork) -> None:
    """An exception of the interpreter's."""
    raise Stop


def overdraw(uow: UnitOfWork) -> None:
    """A domain exception."""
    uow.get(Account, "ada").withdraw(1)


def break_constraint_now(uow: UnitOfWork) -> None:
    """A flush inside the block fails."""
    uow.session.add(Note(text="first"))
    uow.session.flush()


def break_constraint_at_end(uow: UnitOfWork) -> None:
    """The flush at the end fails."""
    uow.session.add(Note(text="first"))


def raw_sql_fails(uow: UnitOfWork) -> None:
    """The database refuses a statement of the caller's."""
    uow.session.execute(text("insert into notes (id, text) values (1, null)"))


def unencodable_append(uow: UnitOfWork) -> None:
    """Refused when appended."""
    uow.append(Stream("remark", 1), [Remarked("\ud800")])


def unencodable_message(uow: UnitOfWork) -> None:
    """Refused when published."""
    uow.publish("payments", payload={"text": "\ud800"})


def unencodable_record(uow: UnitOfWork) -> None:
    """Refused at the end, when the aggregate's events are encoded."""
    uow.create(Account, "eve").open("\ud800")


def conflict(uow: UnitOfWork) -> None:
    """The last stream in sorted order is not as expected."""
    uow.append(Stream("zebra", 1), [Remarked("late")], expected=4)


def missing(uow: UnitOfWork) -> None:
    """A stream is not there."""
    uow.get(Account, "nobody")


STEPS: list[tuple[Callable[[UnitOfWork], None], type[BaseException]]] = [
    (stop, Stop),
    (overdraw, Overdrawn),
    (break_constraint_now, IntegrityError),
    (break_constraint_at_end, IntegrityError),
    (raw_sql_fails, IntegrityError),
    (unencodable_append, EncodeError),
    (unencodable_message, EncodeError),
    (unencodable_record, EncodeError),
    (conflict, VersionConflict),
    (missing, StreamNotFound),
]


@pytest.mark.parametrize(("step", "error"), STEPS, ids=lambda value: value.__name__)
def test_a_failing_step_leaves_nothing(
    bank: EventStore, step: Callable[[UnitOfWork], None], error: type[BaseException]
) -> None:
    """And the same work without it succeeds afterwards, from version 1."""
    with pytest.raises(error), UnitOfWork(bank) as uow:
        everything(uow)
        step(uow)
    assert_nothing(bank)
    with UnitOfWork(bank) as uow:
        everything(uow)
    assert_everything(bank)


def assert_nothing(bank: EventStore) -> None:
    """No row of any table."""
    assert (0, 0, []) == (events_stored(bank), messages_stored(bank), notes_stored(bank))


def assert_everything(bank: EventStore) -> None:
    """All that `everything` makes."""
    assert ["first", "second"] == notes_stored(bank)
    assert (4, 2) == (events_stored(bank), messages_stored(bank))
    assert [[1], [1, 2], [1]] == [versions(bank, stream) for stream in (ADA, BOB, ORDER)]


def test_all_of_it_commits_together(bank: EventStore) -> None:
    """Nothing is seen by others before the end, everything after."""
    with UnitOfWork(bank) as uow:
        everything(uow)
        assert_nothing(bank)
    assert_everything(bank)


def test_a_hook_that_fails_at_commit_leaves_nothing(bank: EventStore) -> None:
    """The engine's own `commit` event is the last moment there is."""

    def refuse(_: object) -> None:
        raise Overdrawn

    on.listen(bank.engine, "commit", refuse)
    with pytest.raises(Overdrawn), UnitOfWork(bank) as uow:
        everything(uow)
    on.remove(bank.engine, "commit", refuse)
    assert_nothing(bank)


@pytest.mark.needs("deferred constraints")
def test_a_constraint_that_fails_at_commit_leaves_nothing(bank: EventStore) -> None:
    """A deferred foreign key is checked by COMMIT itself."""
    with bank.engine.begin() as connection:
        connection.exec_driver_sql(
            "create table tags (note integer references notes (id) deferrable initially deferred)"
        )
    with pytest.raises(IntegrityError), UnitOfWork(bank) as uow:
        everything(uow)
        uow.session.execute(text("insert into tags (note) values (-1)"))
    assert_nothing(bank)
    append(bank, ADA, [Deposited(1)], expected=0)
    assert [Deposited(1)] == history(bank, ADA)


def test_a_caught_exception_keeps_what_was_recorded_before_it(bank: EventStore) -> None:
    """Decide first, record last: the block ended well."""
    append(bank, ADA, [Deposited(5)])
    with UnitOfWork(bank) as uow:
        account = uow.get(Account, "ada")
        account.deposit(1)
        with pytest.raises(Overdrawn):
            account.withdraw(100)
    assert [Deposited(5), Deposited(1)] == history(bank, ADA)


def test_our_own_errors_pass_as_one_family(bank: EventStore) -> None:
    """`except SourceryError` is enough for all of them."""
    with pytest.raises(SourceryError), UnitOfWork(bank) as uow:
        uow.get(Account, "nobody")
