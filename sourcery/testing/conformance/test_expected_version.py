"""The expected version: stale, too high, must be new, must exist, no matter."""

import pytest

from sourcery import ANY, EXISTS, EventStore, Stream, UnitOfWork
from sourcery.errors import InvalidArgument, Retryable, VersionConflict
from sourcery.expected import ExpectedVersion
from sourcery.testing.conformance.domain import (
    ADA,
    BOB,
    ORDER,
    Account,
    Deposited,
    Note,
    Opened,
    Placed,
    append,
    events_stored,
    history,
    messages_stored,
    notes_stored,
    versions,
)

REFUSED: list[tuple[int, ExpectedVersion]] = [
    (2, 0),
    (2, 1),
    (2, 3),
    (2, 2**40),
    (0, 1),
    (0, EXISTS),
]


@pytest.mark.promise(2)
@pytest.mark.parametrize("many", [1, 3])
def test_a_wrong_expectation_is_a_conflict(bank: EventStore, many: int) -> None:
    """It names stream, expected and actual version, and may be tried again."""
    for n, (actual, expected) in enumerate(REFUSED):
        stream = Stream("account", n)
        append(bank, stream, [Deposited(n) for n in range(actual)])
        before = events_stored(bank)
        with pytest.raises(VersionConflict) as caught:
            append(bank, stream, [Deposited(9)] * many, expected=expected)
        shown = expected if isinstance(expected, int) else "EXISTS"
        found = caught.value
        assert (stream, shown, actual) == (found.stream, found.expected, found.actual)
        assert isinstance(caught.value, Retryable)
        assert before == events_stored(bank)


@pytest.mark.promise(2)
@pytest.mark.parametrize("expected", [2, EXISTS, ANY])
def test_a_right_expectation_is_accepted(bank: EventStore, expected: ExpectedVersion) -> None:
    """The version itself, that there is one, or nothing."""
    append(bank, ADA, [Opened("Ada"), Deposited(1)], expected=0)
    append(bank, ADA, [Deposited(2), Deposited(3)], expected=expected)
    assert [1, 2, 3, 4] == versions(bank, ADA)


@pytest.mark.promise(2)
@pytest.mark.usefixtures("notes")
def test_a_conflict_leaves_nothing(bank: EventStore) -> None:
    """No event of any stream, no message, no row, and no version is used."""
    append(bank, BOB, [Deposited(1)])
    with pytest.raises(VersionConflict), UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(1)], expected=0)
        uow.append(BOB, [Deposited(2), Deposited(3)], expected=0)
        uow.append(ORDER, [Placed("tea")], expected=0)
        uow.publish("payments", payload={})
        uow.session.add(Note(text="never"))
    assert (1, 0, []) == (events_stored(bank), messages_stored(bank), notes_stored(bank))
    append(bank, ADA, [Deposited(4)], expected=0)
    assert [1] == versions(bank, ADA)


@pytest.mark.promise(2)
def test_a_conflict_in_the_middle_of_a_batch_leaves_nothing(bank: EventStore) -> None:
    """Versions 2 and 3 of a stale batch would still have been free."""
    append(bank, ADA, [Deposited(1)])
    with pytest.raises(VersionConflict):
        append(bank, ADA, [Deposited(n) for n in (7, 8, 9)], expected=0)
    assert [Deposited(1)] == history(bank, ADA)


@pytest.mark.promise(2)
@pytest.mark.needs("writers")
def test_an_aggregate_changed_elsewhere_is_a_conflict(bank: EventStore) -> None:
    """What was loaded is what is expected; on SQLite whoever reads first is the only writer."""
    append(bank, ADA, [Opened("Ada")])
    with pytest.raises(VersionConflict) as caught, UnitOfWork(bank) as uow:
        uow.get(Account, "ada").deposit(1)
        uow.get(Account, "ada").deposit(2)
        append(bank, ADA, [Deposited(50)], expected=1)
    assert (1, 2) == (caught.value.expected, caught.value.actual)
    assert [Opened("Ada"), Deposited(50)] == history(bank, ADA)


@pytest.mark.promise(2)
def test_nonsense_is_refused(bank: EventStore) -> None:
    """In the block, before anything is sent."""
    with UnitOfWork(bank) as uow:
        for expected in (-1, True, 1.0, "1", None, 2**63):
            with pytest.raises(InvalidArgument, match="expected"):
                uow.append(ADA, [Deposited(1)], expected=expected)
        with pytest.raises(InvalidArgument, match="stream"):
            uow.append("account/ada", [Deposited(1)])
    assert 0 == events_stored(bank)


@pytest.mark.promise(2)
def test_a_unit_contradicting_itself_is_a_conflict(bank: EventStore) -> None:
    """The second append expects what the first one did not leave."""
    with UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(1)], expected=0)
        with pytest.raises(VersionConflict) as caught:
            uow.append(ADA, [Deposited(2)], expected=0)
    assert (0, 1) == (caught.value.expected, caught.value.actual)
    assert [Deposited(1)] == history(bank, ADA)


@pytest.mark.promise(2)
def test_a_version_after_an_unchecked_append_is_refused(bank: EventStore) -> None:
    """The version is not known before the end."""
    with UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(1)], expected=ANY)
        with pytest.raises(InvalidArgument, match="unchecked"):
            uow.append(ADA, [Deposited(2)], expected=1)
    assert [Deposited(1)] == history(bank, ADA)
