"""Idempotent append: the same events with the same ids, sent again."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from sourcery import ANY, EXISTS, EventStore, Stream, Token, UnitOfWork
from sourcery.errors import IdConflict, InvalidArgument, RetryTransaction, VersionConflict
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

pytestmark: object = pytest.mark.promise(7)

IDS = [UUID(int=n) for n in range(1, 4)]
EVENTS = [Deposited(1), Deposited(2), Deposited(3)]


def send(bank: EventStore, events: list[object], ids: list[UUID], **options: object) -> Token:
    """Append to Ada's stream with ids; the token."""
    return append(bank, ADA, events, event_ids=ids, **{"expected": 0, **options}).token


def test_the_same_append_again_succeeds(bank: EventStore) -> None:
    """Nothing is written, and the token is the first one's."""
    first = send(bank, EVENTS, IDS)
    append(bank, ADA, [Deposited(4)])
    assert first == send(bank, EVENTS, IDS)
    assert IDS == [recorded.event_id for recorded in bank.read(ADA)][:3]
    assert 4 == events_stored(bank)


def test_a_repeat_in_the_middle_of_a_stream_succeeds(bank: EventStore) -> None:
    """The expected version says where it was."""
    append(bank, ADA, [Opened("Ada"), Deposited(9)])
    first = send(bank, EVENTS, IDS, expected=2)
    append(bank, ADA, [Deposited(4)])
    assert first == send(bank, EVENTS, IDS, expected=2)
    assert [1, 2, 3, 4, 5, 6] == versions(bank, ADA)


@pytest.mark.usefixtures("notes")
def test_a_repeat_undoes_what_was_flushed(bank: EventStore) -> None:
    """Rows, messages and other streams of the same unit are repeats with it."""
    send(bank, EVENTS, IDS)
    with UnitOfWork(bank) as uow:
        uow.session.add(Note(text="flushed"))
        uow.session.flush()
        uow.session.add(Note(text="pending"))
        uow.append(ADA, EVENTS, expected=0, event_ids=IDS)
        uow.publish("payments", payload=1)
    assert (3, 0, []) == (events_stored(bank), messages_stored(bank), notes_stored(bank))


@pytest.mark.promise(11)
@pytest.mark.usefixtures("notes")
def test_a_repeat_in_a_joined_unit_undoes_only_the_unit(bank: EventStore) -> None:
    """The caller's rows of before and after stay, and the caller commits."""
    first = send(bank, EVENTS, IDS)
    with Session(bank.engine) as session:
        session.add(Note(text="before"))
        with UnitOfWork(bank, session=session) as uow:
            uow.session.add(Note(text="inside"))
            uow.append(ADA, EVENTS, expected=0, event_ids=IDS)
        session.add(Note(text="after"))
        session.commit()
    assert first == uow.token
    assert (3, ["after", "before"]) == (events_stored(bank), notes_stored(bank))


def test_a_repeat_of_several_streams_succeeds(bank: EventStore) -> None:
    """All of them are there."""

    def both() -> Token:
        with UnitOfWork(bank) as uow:
            uow.append(ADA, EVENTS, expected=0, event_ids=IDS)
            uow.append(ORDER, [Placed("tea")], expected=0, event_ids=[UUID(int=9)])
        return uow.token

    assert both() == both()
    assert 4 == events_stored(bank)


OTHERS = [
    pytest.param([*EVENTS[:2], Deposited(7)], IDS, id="other content"),
    pytest.param([*EVENTS[:2], Opened("3")], IDS, id="other kind"),
    pytest.param(EVENTS, [IDS[1], IDS[0], IDS[2]], id="other order"),
    pytest.param([*EVENTS, Deposited(4)], [*IDS, UUID(int=4)], id="more events"),
    pytest.param(EVENTS, [*IDS[:2], UUID(int=4)], id="one id of another"),
]


@pytest.mark.parametrize(("events", "ids"), OTHERS)
def test_another_append_with_these_ids_is_refused(
    bank: EventStore, events: list[object], ids: list[UUID]
) -> None:
    """Typed, it names the stream, and nothing is written."""
    send(bank, EVENTS, IDS)
    with pytest.raises(IdConflict) as caught:
        send(bank, events, ids)
    assert ADA == caught.value.stream
    assert EVENTS == history(bank, ADA)


def test_other_ids_at_these_versions_are_a_version_conflict(bank: EventStore) -> None:
    """Another writer was first; that is no misuse."""
    send(bank, EVENTS, IDS)
    with pytest.raises(VersionConflict) as caught:
        send(bank, EVENTS, [uuid4(), uuid4(), uuid4()])
    assert (0, 3) == (caught.value.expected, caught.value.actual)


def test_ids_stored_at_other_versions_are_a_version_conflict(bank: EventStore) -> None:
    """A repeat is recognised at its expected version only."""
    send(bank, EVENTS, IDS)
    with pytest.raises(VersionConflict):
        send(bank, EVENTS, IDS, expected=7)


def test_ids_stored_in_another_stream_are_no_repeat(bank: EventStore) -> None:
    """They do not hide that this stream is further."""
    send(bank, EVENTS, IDS)
    append(bank, BOB, [Deposited(9)])
    with pytest.raises(VersionConflict) as caught:
        append(bank, BOB, EVENTS, expected=0, event_ids=IDS)
    assert BOB == caught.value.stream
    assert [Deposited(9)] == history(bank, BOB)


@pytest.mark.parametrize("stream", [Stream("account", "aaa"), Stream("account", "zoe")])
def test_half_a_repeat_is_refused(bank: EventStore, stream: Stream) -> None:
    """One stream of the unit is stored, the other is not: no event may vanish in silence.

    The new stream sorts before the stored one, or after it.
    """
    send(bank, EVENTS, IDS)
    with pytest.raises(IdConflict), UnitOfWork(bank) as uow:
        uow.append(ADA, EVENTS, expected=0, event_ids=IDS)
        uow.append(stream, [Deposited(8)], expected=0, event_ids=[UUID(int=8)])
    assert [] == history(bank, stream)


def test_a_repeat_beside_an_aggregate_writes_nothing(bank: EventStore) -> None:
    """The command was carried out the first time.

    One stream sorts before the repeated one, the other after it.
    """

    def work() -> Token:
        with UnitOfWork(bank) as uow:
            uow.create(Account, "aaa").deposit(5)
            uow.get_or_create(Account, "bob").deposit(5)
            uow.append(ADA, EVENTS, expected=0, event_ids=IDS)
        return uow.token

    first = work()
    assert first.last == work().last
    assert [Deposited(5)] == history(bank, BOB) == history(bank, Stream("account", "aaa"))


def test_ids_need_an_expected_version(bank: EventStore) -> None:
    """Without one a repeat could not be recognised."""
    for expected in (ANY, EXISTS):
        with pytest.raises(InvalidArgument, match="expected version"):
            send(bank, EVENTS, IDS, expected=expected)


#: Too few, too many, twice the same, text, not even hashable.
BAD_IDS: Any = [IDS[:2], [*IDS, uuid4()], [IDS[0]] * 3, [str(id) for id in IDS], [[], {}, None]]


def test_bad_ids_are_refused(bank: EventStore) -> None:
    """One UUID per event."""
    for ids in BAD_IDS:
        with pytest.raises(InvalidArgument, match="event_ids"):
            send(bank, EVENTS, ids)
    assert 0 == events_stored(bank)


@pytest.mark.needs("writers")
def test_a_repeat_is_seen_from_an_old_snapshot(bank: EventStore) -> None:
    """A joined session at REPEATABLE READ may have begun before the first append.

    It either recognises the repeat or asks its owner to run the transaction again.
    """
    repeatable = bank.engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(repeatable) as session:
        session.connection().exec_driver_sql("select count(*) from sourcery_events").all()
        first = send(bank, EVENTS, IDS)
        uow = UnitOfWork(bank, session=session)
        try:
            with uow:
                uow.append(ADA, EVENTS, expected=0, event_ids=IDS)
        except RetryTransaction:
            return
    assert first == uow.token
