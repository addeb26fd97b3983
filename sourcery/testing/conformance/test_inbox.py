"""Promise 43: an id is accepted once per consumer, in the caller's transaction, without raising."""

from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from sourcery import EventStore, UnitOfWork, transact
from sourcery.dialects import Dialect
from sourcery.errors import InvalidName, UnitOfWorkError
from sourcery.testing.conformance.domain import (
    ADA,
    Account,
    Deposited,
    Note,
    Opened,
    append,
    history,
    notes_stored,
)
from sourcery.testing.conformance.domain import events_stored as events
from sourcery.testing.conformance.inboxes import PAYMENTS, accepted, remembered
from sourcery.testing.conformance.subscribers import deposit, subscriber

pytestmark: object = [pytest.mark.promise(43), pytest.mark.usefixtures("notes")]


@pytest.fixture(params=["own words", "base dialect"])
def either(
    bank: EventStore, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> EventStore:
    """The database's way to insert once, then the one that works everywhere."""
    if request.param == "base dialect":
        dialect = bank.database.dialect
        base = Dialect.unless_there.__get__(dialect)
        monkeypatch.setattr(dialect, "unless_there", base)
    return bank


def test_the_first_time_is_true_a_repeat_is_false(either: EventStore) -> None:
    """Also when accepting is all that the unit does."""
    assert [True, False, False] == [accepted(either, "1") for _ in range(3)]
    assert [(PAYMENTS, "1")] == remembered(either)


def test_a_repeat_in_the_same_unit_is_one(either: EventStore) -> None:
    """And the unit goes on: nothing was raised, in Python or at the server."""
    with UnitOfWork(either) as uow:
        assert [True, False] == [uow.accept(PAYMENTS, "1"), uow.accept(PAYMENTS, "1")]
        uow.session.add(Note(text="after"))
    assert ["after"] == notes_stored(either)


def test_consumers_accept_by_themselves(bank: EventStore) -> None:
    """An id of one says nothing to another."""
    assert [True, True] == [accepted(bank, "1", name) for name in ("payments", "mail")]


def test_a_rollback_forgets(bank: EventStore) -> None:
    """What the unit did is undone, so the message is as new."""
    with pytest.raises(RuntimeError), UnitOfWork(bank) as uow:
        assert uow.accept(PAYMENTS, "1")
        raise RuntimeError
    assert accepted(bank, "1")


def test_it_commits_with_everything_else(bank: EventStore) -> None:
    """Events, rows of the caller's, and the id."""
    for _ in range(2):
        with UnitOfWork(bank) as uow:
            if uow.accept(PAYMENTS, "1"):
                uow.create(Account, "ada").open("Ada")
                uow.session.add(Note(text="opened"))
    assert (1, ["opened"]) == (events(bank), notes_stored(bank))


def test_a_conflict_forgets(bank: EventStore) -> None:
    """The work is run again, and accepts again."""
    append(bank, ADA, [Opened("Ada")])
    runs: list[bool] = []

    def work(uow: UnitOfWork) -> None:
        runs.append(uow.accept(PAYMENTS, "1"))
        uow.get(Account, "ada").deposit(5)
        if len(runs) == 1:
            with UnitOfWork(bank, session=uow.session) as other:  # as another writer would
                other.append(ADA, [Deposited(1)])

    assert 2 == transact(bank, work).attempts
    assert [True, True] == runs
    assert not accepted(bank, "1")
    assert [Opened("Ada"), Deposited(5)] == history(bank, ADA)


def test_a_joined_unit_leaves_the_commit_to_its_owner(either: EventStore) -> None:
    """Rolled back by the owner it is new, committed it is not."""
    seen: list[bool] = []
    for end in ("rollback", "commit", "commit"):
        with Session(either.engine) as session:
            with UnitOfWork(either, session=session) as uow:
                seen.append(uow.accept(PAYMENTS, "1"))
            getattr(session, end)()
    assert [True, True, False] == seen


def test_a_joined_unit_that_fails_is_undone(either: EventStore) -> None:
    """Its savepoint takes the id with it; the owner's transaction goes on."""
    with Session(either.engine) as session:
        session.add(Note(text="before"))
        with pytest.raises(RuntimeError), UnitOfWork(either, session=session) as uow:
            assert uow.accept(PAYMENTS, "1")
            raise RuntimeError
        with UnitOfWork(either, session=session) as uow:
            assert uow.accept(PAYMENTS, "1")
        session.commit()
    assert ["before"] == notes_stored(either)
    assert not accepted(either, "1")


def test_inside_a_page_it_commits_with_the_checkpoint(bank: EventStore) -> None:
    """A handler may take its own events for messages."""
    seen: list[bool] = []
    deposit(bank, count=3)

    def handler(uow: UnitOfWork, recorded: object) -> None:
        seen.append(uow.accept(PAYMENTS, "the same"))

    subscriber(bank, handler).drain()
    assert [True, False, False] == seen
    assert not accepted(bank, "the same")


def test_a_page_that_fails_forgets(bank: EventStore) -> None:
    """And accepts anew when it is replayed."""
    deposit(bank)
    seen: list[bool] = []

    def handler(uow: UnitOfWork, recorded: object) -> None:
        seen.append(uow.accept(PAYMENTS, "1"))
        if len(seen) == 1:
            raise RuntimeError

    subscriber(bank, handler).drain()
    assert [True, True] == seen


@pytest.mark.promise(47)
@pytest.mark.parametrize("other", ["ADA", "ada ", "áda", "a\N{COMBINING ACUTE ACCENT}da", "ada\t"])
def test_ids_are_compared_by_bytes(bank: EventStore, other: str) -> None:
    """Case, accents and trailing blanks tell ids and consumers apart."""
    assert [True, True] == [accepted(bank, message_id) for message_id in ("ada", other)]
    assert accepted(bank, "ada", other)


def test_a_uuid_and_its_text_are_one(bank: EventStore) -> None:
    """Brokers hand ids on as text."""
    id = UUID("018f8e6a-0000-4000-8000-00000000abcd")
    assert [True, False] == [accepted(bank, id), accepted(bank, str(id))]


@pytest.mark.promise(47)
@pytest.mark.promise(49)
@pytest.mark.parametrize("bad", ["", "x" * 256, "a\0b", "\ud800", 5, None, True, b"1"])
def test_rule_35_an_id_that_a_database_would_alter_is_refused(
    bank: EventStore, bad: object
) -> None:
    """Before anything is asked: INSERT IGNORE would cut what is too long."""
    with pytest.raises(InvalidName):
        accepted(bank, bad)
    with pytest.raises(InvalidName):
        accepted(bank, "1", bad)
    assert [] == remembered(bank)


def test_the_longest_id_is_kept_whole(bank: EventStore) -> None:
    """255 characters of four bytes, beside one that differs in the last."""
    long = "\N{SNOWMAN WITHOUT SNOW}" * 254
    assert [True, True, False] == [accepted(bank, long + end) for end in "aba"]


def test_only_inside_the_block(bank: EventStore) -> None:
    """A unit of work that is over accepts nothing."""
    with UnitOfWork(bank) as uow:
        pass
    with pytest.raises(UnitOfWorkError):
        uow.accept(PAYMENTS, "1")
