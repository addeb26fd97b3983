"""Many writers at once: one winner, no lost update, no gap."""

from threading import Barrier, BrokenBarrierError

import pytest

from sourcery import EventStore, UnitOfWork, transact
from sourcery.errors import VersionConflict
from sourcery.testing.conformance.domain import (
    ADA,
    Account,
    Deposited,
    Opened,
    append,
    events_stored,
    messages_stored,
    versions,
)
from sourcery.testing.conformance.together import DEADLINE, together

THREADS = 8


@pytest.mark.promise(3)
def test_of_many_threads_one_creates_the_stream(bank: EventStore) -> None:
    """The others get a conflict and leave nothing."""

    def create(number: int) -> int:
        with UnitOfWork(bank) as uow:
            uow.create(Account, "ada").open(f"Ada {number}")
            uow.publish("opened", payload=number)
        return number

    outcomes = together(THREADS, create)
    conflicts = [outcome for outcome in outcomes if isinstance(outcome, VersionConflict)]
    assert 1 == len([outcome for outcome in outcomes if isinstance(outcome, int)])
    assert {(ADA, 0, 1)} == {(c.stream, c.expected, c.actual) for c in conflicts}
    assert THREADS - 1 == len(conflicts)
    assert (1, 1) == (events_stored(bank), messages_stored(bank))


@pytest.mark.promise(3)
def test_no_update_is_lost_by_writers_that_retry(bank: EventStore) -> None:
    """The sum is the number of commands, and conflicts really occurred.

    The first attempts of all wait for each other after they have read, so that but one of
    them must fail; on SQLite a reader in a unit of work is the only one, so they cannot.
    """
    append(bank, ADA, [Opened("Ada")])
    may_meet = bank.engine.dialect.name != "sqlite"
    gate = Barrier(THREADS)

    def deposit(uow: UnitOfWork) -> None:
        account = uow.get(Account, "ada")
        if may_meet and not gate.broken:
            _meet(gate)
        account.deposit(1)

    def run(_: int) -> int:
        return sum(transact(bank, deposit, attempts=200).attempts for _ in range(4))

    attempts = together(THREADS, run)
    with UnitOfWork(bank) as uow:
        assert THREADS * 4 == uow.get(Account, "ada").balance
    assert all(isinstance(outcome, int) for outcome in attempts), attempts
    assert (sum(attempts) > THREADS * 4) == may_meet


def _meet(gate: Barrier) -> None:
    """Wait for all; only once, since later attempts come at different times."""
    try:
        gate.wait(DEADLINE)
        gate.abort()
    except BrokenBarrierError:
        pass


@pytest.mark.promise(4)
@pytest.mark.parametrize("many", [1, 3])
def test_unchecked_writers_leave_no_gap(bank: EventStore, many: int) -> None:
    """Each append finds its place, and its events stay together."""

    def write(number: int) -> None:
        for turn in range(5):
            append(bank, ADA, [Deposited(number * 100 + turn)] * many)

    assert [None] * THREADS == together(THREADS, write)
    total = THREADS * 5 * many
    assert list(range(1, total + 1)) == versions(bank, ADA)
    amounts = [recorded.event.amount for recorded in bank.read(ADA)]
    groups = [amounts[at : at + many] for at in range(0, total, many)]
    assert all(1 == len(set(group)) for group in groups)
    assert THREADS * 5 == len({group[0] for group in groups})


@pytest.mark.promise(4)
def test_unchecked_writers_that_also_send(bank: EventStore) -> None:
    """A lost round of the append leaves no message behind."""

    def write(number: int) -> None:
        with UnitOfWork(bank) as uow:
            uow.append(ADA, [Deposited(number)])
            uow.publish("payments", payload=number)

    assert [None] * THREADS == together(THREADS, write)
    assert list(range(1, THREADS + 1)) == versions(bank, ADA)
    assert THREADS == messages_stored(bank)
