"""Aggregates in a unit of work: created, loaded, changed; and `execute`."""

from contextlib import suppress
from uuid import UUID

import pytest
from attrs import define

from sourcery import Aggregate, EventStore, Stream, UnitOfWork, execute, transact
from sourcery.errors import (
    DefinitionError,
    InvalidArgument,
    StreamNotFound,
    UndeclaredEvent,
    UnitOfWorkError,
    VersionConflict,
)
from tests.domain import (
    ADA,
    Account,
    Deposit,
    Deposited,
    Opened,
    Order,
    Overdrawn,
    Placed,
    append,
    events_stored,
    history,
    versions,
)

pytestmark = pytest.mark.promise(2)


@define
class Auditor(Aggregate[Opened], category="account"):
    """Another class of the same streams."""

    def apply(self, event: Opened) -> None:
        """Evolve."""


def test_two_loads_give_one_object(bank: EventStore) -> None:
    """However the id is written; what both recorded is written once."""
    append(bank, Stream("account", 7), [Opened("Ada")])
    with UnitOfWork(bank) as uow:
        account = uow.get(Account, 7)
        assert account is uow.get(Account, "7") is uow.get_or_create(Account, 7)
        account.deposit(1)
        uow.get(Account, "7").deposit(2)
    assert [1, 2, 3] == versions(bank, Stream("account", "7"))


def test_a_uuid_is_its_text(bank: EventStore) -> None:
    """`str(id)` before anything else."""
    id = UUID(int=5)
    with UnitOfWork(bank) as uow:
        uow.create(Account, id).open("Ada")
        assert uow.get(Account, str(id)) is uow.get(Account, id)
    assert [Opened("Ada")] == history(bank, Stream("account", id))


def test_a_stream_that_is_not_there_is_not_found(bank: EventStore) -> None:
    """The error names it."""
    with UnitOfWork(bank) as uow, pytest.raises(StreamNotFound) as caught:
        uow.get(Account, "ada")
    assert ADA == caught.value.stream


def test_create_after_a_failed_get(bank: EventStore) -> None:
    """The usual way to write "find or make"."""
    with UnitOfWork(bank) as uow:
        with pytest.raises(StreamNotFound):
            uow.get(Account, "ada")
        uow.create(Account, "ada").open("Ada")
    assert [Opened("Ada")] == history(bank, ADA)


def test_create_does_not_overwrite(bank: EventStore) -> None:
    """A stream that exists is a conflict at the end."""
    append(bank, ADA, [Opened("Ada")])
    with pytest.raises(VersionConflict) as caught, UnitOfWork(bank) as uow:
        uow.create(Account, "ada").open("Eve")
    assert (ADA, 0, 1) == (caught.value.stream, caught.value.expected, caught.value.actual)
    assert [Opened("Ada")] == history(bank, ADA)


def test_create_of_what_is_loaded_is_refused(bank: EventStore) -> None:
    """At once, since it is known to exist."""
    append(bank, ADA, [Opened("Ada")])
    with UnitOfWork(bank) as uow:
        uow.get(Account, "ada")
        with pytest.raises(UnitOfWorkError, match="loaded"):
            uow.create(Account, "ada")


def test_get_or_create_begins_a_stream(bank: EventStore) -> None:
    """At version 0, and goes on the second time."""
    for amount in (1, 2):
        with UnitOfWork(bank) as uow:
            uow.get_or_create(Account, "ada").deposit(amount)
    assert [Deposited(1), Deposited(2)] == history(bank, ADA)


def test_an_aggregate_that_recorded_nothing_writes_nothing(bank: EventStore) -> None:
    """Created or loaded."""
    append(bank, ADA, [Opened("Ada")])
    with UnitOfWork(bank) as uow:
        uow.get(Account, "ada")
        uow.create(Account, "bob")
        uow.get_or_create(Order, 1)
    assert 1 == events_stored(bank)


def test_one_stream_has_one_class_in_a_unit(bank: EventStore) -> None:
    """Two would not see each other's changes."""
    append(bank, ADA, [Opened("Ada")])
    with UnitOfWork(bank) as uow:
        uow.get(Account, "ada")
        with pytest.raises(UnitOfWorkError, match="Account"):
            uow.get(Auditor, "ada")


def test_one_stream_is_changed_in_one_way(bank: EventStore) -> None:
    """By its aggregate or by `append`: both at once would contradict each other."""
    with (
        pytest.raises(UnitOfWorkError, match="append and by its aggregate"),
        UnitOfWork(bank) as uow,
    ):
        uow.create(Account, "ada").open("Ada")
        uow.append(ADA, [Deposited(1)])
    assert 0 == events_stored(bank)


def test_an_event_of_another_aggregate_is_refused(bank: EventStore) -> None:
    """When it is recorded; what was recorded before stays."""
    with UnitOfWork(bank) as uow:
        account = uow.create(Account, "ada")
        account.open("Ada")
        with pytest.raises(UndeclaredEvent):
            account.record(Placed("tea"))
        assert 1 == account.version
    assert [Opened("Ada")] == history(bank, ADA)


def test_what_is_no_aggregate_is_refused(bank: EventStore) -> None:
    """A class without a category, or without attrs."""

    class Plain(Aggregate[Opened], category="plain"):
        def apply(self, event: Opened) -> None:
            """Evolve."""

    with UnitOfWork(bank) as uow:
        for cls in (Aggregate, Plain):
            with pytest.raises(DefinitionError):
                uow.get_or_create(cls, 1)


def test_execute_loads_handles_and_commits(bank: EventStore) -> None:
    """It gives back what `handle` returned, the token, and the number of runs."""
    first = execute(bank, Account, "ada", Deposit(5))
    second = execute(bank, Account, "ada", Deposit(6))
    assert (5, 11) == (first.result, second.result)
    assert (1, 1) == (first.attempts, second.attempts)
    assert first.token.last < second.token.last
    assert [Deposited(5), Deposited(6)] == history(bank, ADA)


def test_execute_needs_a_handle(bank: EventStore) -> None:
    """Said before anything is opened."""
    with pytest.raises(DefinitionError, match="handle"):
        execute(bank, Order, 1, Deposit(5))


def test_transact_does_not_repeat_a_domain_exception(bank: EventStore) -> None:
    """It passes through at once, unwrapped."""
    runs: list[int] = []

    def overdraw(uow: UnitOfWork) -> None:
        runs.append(1)
        uow.get_or_create(Account, "ada").withdraw(5)

    with pytest.raises(Overdrawn):
        transact(bank, overdraw)
    assert [1] == runs


def test_transact_gives_up_after_its_attempts(bank: EventStore) -> None:
    """With the last conflict, and a note that says so."""
    append(bank, ADA, [Opened("Ada")])
    runs: list[int] = []

    def create(uow: UnitOfWork) -> None:
        runs.append(1)
        uow.create(Account, "ada").open("Eve")

    with pytest.raises(VersionConflict) as caught:
        transact(bank, create, attempts=3)
    assert 3 == len(runs)
    assert ["gave up after 3 attempts"] == caught.value.__notes__


@pytest.mark.parametrize("attempts", [0, -1])
def test_transact_needs_an_attempt(bank: EventStore, attempts: int) -> None:
    """At least one."""
    with pytest.raises(InvalidArgument, match="attempts"):
        transact(bank, lambda uow: None, attempts=attempts)


@pytest.mark.parametrize("fails", [False, True])
def test_an_aggregate_of_an_ended_unit_records_nothing(
    bank: EventStore,
    fails: bool,
) -> None:
    """Nobody would write the event, so it is not lost in silence; the state stays readable."""
    with suppress(RuntimeError), UnitOfWork(bank) as uow:
        account = uow.create(Account, "ada")
        account.deposit(5)
        if fails:
            raise RuntimeError
    for _ in range(2):
        with pytest.raises(UnitOfWorkError, match="load it again in a new one"):
            account.deposit(1)
    assert (5, 1) == (account.balance, account.version)
    assert ([] if fails else [Deposited(5)]) == history(bank, ADA)
