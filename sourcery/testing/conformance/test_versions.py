"""Versions, positions, and an append of nothing."""

import pytest

from sourcery import EXISTS, EventStore, UnitOfWork
from sourcery.testing.conformance.domain import (
    ADA,
    BOB,
    Deposited,
    append,
    events_stored,
    history,
    versions,
)


@pytest.mark.promise(1)
def test_versions_begin_at_one_without_gap(bank: EventStore) -> None:
    """However the events were batched."""
    append(bank, ADA, [Deposited(1)], expected=0)
    append(bank, ADA, [Deposited(2), Deposited(3)], expected=1)
    append(bank, ADA, [Deposited(4)])
    assert [1, 2, 3, 4] == versions(bank, ADA)
    assert [Deposited(n) for n in (1, 2, 3, 4)] == history(bank, ADA)


@pytest.mark.promise(1)
def test_positions_grow_with_versions(bank: EventStore) -> None:
    """Also where one unit of work writes two streams."""
    with UnitOfWork(bank) as uow:
        uow.append(BOB, [Deposited(1), Deposited(2)])
        uow.append(ADA, [Deposited(3), Deposited(4)])
    append(bank, ADA, [Deposited(5)])
    for stream in (ADA, BOB):
        positions = [recorded.position for recorded in bank.read(stream)]
        assert sorted(set(positions)) == positions


@pytest.mark.promise(1)
def test_no_two_rows_have_one_position(bank: EventStore) -> None:
    """Events and messages draw from one sequence."""
    with UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(1), Deposited(2)])
        uow.publish("payments", payload=1)
        uow.publish("payments", payload=2)
    sql = "select position from sourcery_events union select position from sourcery_outbox"
    with bank.engine.connect() as connection:
        assert 4 == len(connection.exec_driver_sql(sql).all())


@pytest.mark.promise(1)
def test_appends_to_one_stream_in_one_unit_follow_each_other(bank: EventStore) -> None:
    """The second says the version that the first made."""
    with UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(1)], expected=0)
        uow.append(ADA, [Deposited(2)], expected=1)
        uow.append(ADA, [Deposited(3)], expected=EXISTS)
    assert [Deposited(1), Deposited(2), Deposited(3)] == history(bank, ADA)


@pytest.mark.promise(1)
def test_five_thousand_events_in_one_append_keep_their_order(bank: EventStore) -> None:
    """One statement, versions and positions in the order given."""
    append(bank, ADA, [Deposited(n) for n in range(5000)], expected=0)
    read = list(bank.read(ADA))
    assert list(range(5000)) == [recorded.event.amount for recorded in read]
    assert list(range(1, 5001)) == [recorded.version for recorded in read]
    positions = [recorded.position for recorded in read]
    assert sorted(set(positions)) == positions


@pytest.mark.promise(9)
def test_an_empty_list_writes_nothing(bank: EventStore) -> None:
    """It is accepted, whatever it expects."""
    append(bank, ADA, [Deposited(1)])
    append(bank, ADA, [], expected=1)
    append(bank, BOB, [], expected=0, event_ids=[])
    assert 1 == events_stored(bank)


@pytest.mark.promise(9)
def test_events_may_come_from_a_generator(bank: EventStore) -> None:
    """An iterable is enough, and it is read once."""
    append(bank, ADA, (Deposited(n) for n in range(3)))
    assert [1, 2, 3] == versions(bank, ADA)
