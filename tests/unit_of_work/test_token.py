"""Consistency tokens: the name of one commit."""

from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from sourcery import EventStore, Stream, Token, UnitOfWork
from sourcery.errors import InvalidArgument, UnitOfWorkError, VersionConflict
from sourcery.stream import bucket_of
from tests.domain import ADA, ORDER, Deposited, Placed, append, events_stored

pytestmark = [pytest.mark.promise(29), pytest.mark.promise(49)]


def test_it_names_what_was_written(bank: EventStore) -> None:
    """Store, positions, buckets, and the id of the first event."""
    append(bank, ADA, [Deposited(1)])
    with UnitOfWork(bank) as uow:
        uow.append(ORDER, [Placed("tea")])
        uow.append(ADA, [Deposited(2), Deposited(3)])
        uow.publish("payments", payload=1)
    written = [recorded for recorded in bank.read() if recorded.event != Deposited(1)]
    assert bank.database.identity.store_id == uow.token.store_id
    assert written[0].position == uow.token.first
    assert written[-1].position < uow.token.last == bank.settled()
    assert tuple(sorted(bucket_of(s.key) for s in (ADA, ORDER))) == uow.token.buckets
    assert written[0].event_id == UUID(uow.token.event_id)


def test_a_message_alone_has_one(bank: EventStore) -> None:
    """An event id there is none."""
    with UnitOfWork(bank) as uow:
        uow.publish("payments", key="ada", payload=1)
    assert (bucket_of("payments\0ada"),) == uow.token.buckets
    assert (bank.settled(), bank.settled(), None) == (
        uow.token.first,
        uow.token.last,
        uow.token.event_id,
    )


def test_a_unit_that_wrote_nothing_names_what_was_settled(bank: EventStore) -> None:
    """An empty one, and one that only read."""
    append(bank, ADA, [Deposited(1)])
    for read in (False, True):
        with UnitOfWork(bank) as uow:
            uow.append(ADA, [])
            assert not read or uow.session.connection()
        assert (0, bank.settled(), (), None) == (
            uow.token.first,
            uow.token.last,
            uow.token.buckets,
            uow.token.event_id,
        )
        assert uow.token is uow.token


def test_it_is_there_only_after_the_commit(bank: EventStore) -> None:
    """Not before, not inside, not after a rollback or a conflict."""
    uow = UnitOfWork(bank)
    with pytest.raises(UnitOfWorkError, match="not entered"):
        _ = uow.token
    with uow, pytest.raises(UnitOfWorkError, match="open"):
        _ = uow.token
    append(bank, ADA, [Deposited(1)])
    failed = UnitOfWork(bank)
    with pytest.raises(VersionConflict), failed:
        failed.append(ADA, [Deposited(1)], expected=0)
    with pytest.raises(UnitOfWorkError, match="rolled back"):
        _ = failed.token


def test_a_joined_unit_has_one_before_its_owner_commits(bank: EventStore) -> None:
    """It is good only if the owner does."""
    with Session(bank.engine) as session:
        with UnitOfWork(bank, session=session) as uow:
            uow.append(ADA, [Deposited(1)])
        token = uow.token
        session.commit()
    [found] = bank.read(ADA)
    assert (found.position, found.position) == (token.first, token.last)


def test_two_commits_have_two_tokens(bank: EventStore) -> None:
    """In the order of the commits."""
    first = append(bank, ADA, [Deposited(1)]).token
    second = append(bank, ADA, [Deposited(2)]).token
    assert first.last < second.first


def test_it_survives_json(bank: EventStore) -> None:
    """As text or bytes, short enough for a header."""
    written = append(bank, Stream("account", "🐈"), [Deposited(1)]).token
    with UnitOfWork(bank) as uow:
        pass
    for token in (written, uow.token):
        text = token.to_json()
        assert token == Token.from_json(text) == Token.from_json(text.encode())
        assert len(text) < 200
        assert text.isascii()


GARBAGE = [
    "",
    "null",
    "[]",
    "7",
    "{}",
    '"token"',
    "\ud800",
    b"\xff",
    "[" * 5_000,
    '{"store_id":"x","generation":1,"first":1,"last":1,"buckets":[],"event_id":"no uuid"}',
    '{"store_id":"x","generation":1,"first":1,"last":"x","buckets":[],"event_id":null}',
    '{"store_id":"x","generation":1,"first":1,"last":1,"buckets":7,"event_id":null}',
    '{"store_id":"x","generation":Infinity,"first":1,"last":1,"buckets":[],"event_id":null}',
]


@pytest.mark.parametrize("text", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_no_token(text: str) -> None:
    """It comes from a cookie: anything may."""
    with pytest.raises(InvalidArgument, match="token"):
        Token.from_json(text)


def test_a_failed_write_leaves_no_token_behind(bank: EventStore) -> None:
    """Positions that were drawn and rolled back are nobody's."""
    append(bank, ADA, [Deposited(1)])
    with pytest.raises(ZeroDivisionError), UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(2)])
        raise ZeroDivisionError
    assert 1 == events_stored(bank)
    with pytest.raises(UnitOfWorkError):
        _ = uow.token
