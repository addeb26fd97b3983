"""Which messages are written, with what, in what order: promise 37 for declared ones."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from sourcery import EventStore, Outgoing, Recorded, Stream, UnitOfWork, metadata, outgoing
from sourcery.errors import VersionConflict
from sourcery.stream import bucket_of
from tests.domain import (
    ADA,
    BOB,
    Account,
    Deposited,
    Opened,
    Withdrawn,
    append,
    messages_stored,
)
from tests.outgoing.conftest import Opening
from tests.outgoing.support import contents, headers, receipts, sent, statements
from tests.subscriber.support import subscriber

pytestmark = pytest.mark.promise(37)


def test_one_event_to_none_one_or_several(opened: Opening) -> None:
    """In the order of the events, each mapping in its turn."""
    bank = opened(receipts, statements)
    with UnitOfWork(bank) as uow:
        account = uow.create(Account, "ada")
        account.open("Ada")
        account.deposit(2)
        account.withdraw(1)
    assert [
        ("receipts", "ada", {"amount": 2}),
        ("statements", "all", 0),
        ("statements", "all", 1),
        ("statements", "all", 0),
    ] == contents(bank)


def test_appended_events_are_mapped_too(opened: Opening) -> None:
    """And those of several streams come in the order of their positions."""
    bank = opened(receipts)
    with UnitOfWork(bank) as uow:
        uow.append(BOB, [Deposited(1)])
        uow.create(Account, "ada").deposit(2)
        uow.append(BOB, (Deposited(n) for n in (3, 4)))
    amounts = [(key, payload["amount"]) for _, key, payload in contents(bank)]
    assert [("ada", 2), ("bob", 1), ("bob", 3), ("bob", 4)] == amounts
    in_log = [(r.stream.id, r.event.amount) for r in bank.read(events=Deposited)]
    assert in_log == amounts


def test_published_messages_come_before(opened: Opening) -> None:
    """As they were published, then what the events lead to."""
    bank = opened(receipts)
    with UnitOfWork(bank) as uow:
        uow.append(ADA, [Deposited(1)])
        uow.publish("mine", payload=0)
    assert ["mine", "receipts"] == [topic for topic, _, _ in contents(bank)]


def test_the_key_is_the_streams_id_unless_given(opened: Opening) -> None:
    """So messages of one stream stay in order by themselves."""

    @outgoing(Deposited)
    def keyed(event: Deposited, stream: Stream) -> Outgoing:
        return Outgoing("t", 0, key=7)

    bank = opened(receipts, keyed)
    append(bank, ADA, [Deposited(1)])
    assert ["ada", "7"] == [row["key"] for row in sent(bank)]
    assert [bucket_of("receipts\0ada"), bucket_of("t\0" + "7")] == [r["bucket"] for r in sent(bank)]


def test_a_message_is_caused_by_its_event(opened: Opening) -> None:
    """And belongs to what the event belongs to; its type is the event's kind."""
    bank = opened(receipts)
    with metadata(actor="ada", correlation_id="request-7", causation_id="request-7-1"):
        append(bank, ADA, [Deposited(1)])
    [row], [event] = sent(bank), bank.read(ADA)
    assert {
        "actor": "ada",
        "correlation_id": "request-7",
        "causation_id": str(event.event_id),
        "ce-type": "account.deposited",
    } == headers(row)


def test_an_event_without_metadata_begins_the_correlation(opened: Opening) -> None:
    """As it does for events that a handler records."""
    bank = opened(receipts)
    append(bank, ADA, [Deposited(1)])
    [row], [event] = sent(bank), bank.read(ADA)
    assert str(event.event_id) == headers(row)["correlation_id"] == headers(row)["causation_id"]


def test_metadata_is_that_of_the_recording(opened: Opening) -> None:
    """Not that of the end of the block."""
    bank = opened(receipts)
    with UnitOfWork(bank) as uow:
        account = uow.create(Account, "ada")
        for actor in ("first", "second"):
            with metadata(actor=actor):
                account.deposit(1)
    assert ["first", "second"] == [headers(row)["actor"] for row in sent(bank)]


def test_headers_of_the_mapping_go_first(opened: Opening) -> None:
    """Also the type; the content type names what the bytes are."""

    @outgoing(Deposited)
    def binary(event: Deposited, stream: Stream) -> Outgoing:
        given = {"ce-type": "bank.receipt", "content-type": "text/plain", "actor": "bank"}
        return Outgoing("t", b"5", headers=given)

    bank = opened(binary)
    with metadata(actor="ada"):
        append(bank, ADA, [Deposited(1)])
    [row] = sent(bank)
    assert ("bank.receipt", "bank") == (headers(row)["ce-type"], headers(row)["actor"])
    assert (b"5", "text/plain") == (bytes(row["payload"]), row["content_type"])


def test_the_payload_may_be_the_event(opened: Opening) -> None:
    """It goes through the codec, as any attrs object."""

    @outgoing(Deposited)
    def whole(event: Deposited, stream: Stream) -> Outgoing:
        return Outgoing("t", event)

    bank = opened(whole)
    append(bank, ADA, [Deposited(5)])
    assert [("t", "ada", {"amount": 5})] == contents(bank)


def test_in_a_joined_unit(opened: Opening) -> None:
    """With the owner's transaction, or not at all."""
    bank = opened(receipts)
    for end in ("rollback", "commit"):
        with Session(bank.engine) as session:
            with UnitOfWork(bank, session=session) as uow:
                uow.append(ADA, [Deposited(1)])
            getattr(session, end)()
    assert 1 == messages_stored(bank)


@pytest.mark.parametrize("joined", [False, True])
def test_in_a_subscribers_page(opened: Opening, joined: bool) -> None:
    """What its handler appends leads to messages, by its own unit or one that joins it."""
    bank = opened(receipts)

    def greet(uow: UnitOfWork, recorded: Recorded[Opened]) -> None:
        if not joined:
            uow.append(recorded.stream, [Deposited(1)])
            return
        with UnitOfWork(bank, session=uow.session) as inner:
            inner.append(recorded.stream, [Deposited(1)])

    with metadata(correlation_id="request-7"):
        append(bank, ADA, [Opened("Ada")])
    subscriber(bank, greet, events=Opened).drain()
    [row] = sent(bank)
    assert ("receipts", "ada") == (row["topic"], row["key"])
    assert "request-7" == headers(row)["correlation_id"]


def test_a_conflict_writes_no_message(opened: Opening) -> None:
    """Messages and events commit together."""
    bank = opened(receipts)
    append(bank, ADA, [Opened("Ada")])
    with pytest.raises(VersionConflict):
        append(bank, ADA, [Deposited(1)], expected=0)
    assert 0 == messages_stored(bank)


@pytest.mark.promise(7)
@pytest.mark.promise(49)
def test_rule_12_a_repeat_writes_no_message_again(opened: Opening) -> None:
    """A recognised repeat writes nothing, and what was mapped is part of that."""
    bank, ids = opened(receipts), [uuid4(), uuid4()]
    for _ in range(3):
        append(bank, ADA, [Deposited(1), Deposited(2)], expected=0, event_ids=ids)
    assert 2 == messages_stored(bank)


def test_without_a_mapping_for_it_an_event_is_silent(opened: Opening) -> None:
    """Other kinds are not affected."""
    bank = opened(receipts)
    append(bank, ADA, [Opened("Ada"), Withdrawn(1)])
    assert 0 == messages_stored(bank)


def test_reading_and_replaying_send_nothing(opened: Opening, store: EventStore) -> None:
    """Only writing does: history from before the mapping stays silent."""
    append(store, ADA, [Opened("Ada"), Deposited(1)])
    bank = opened(receipts)
    assert 2 == len(list(bank.read(ADA)))
    with UnitOfWork(bank) as uow:
        assert 1 == uow.get(Account, "ada").balance
    assert 0 == messages_stored(bank)


def test_a_mapping_is_still_a_function() -> None:
    """To be tested without a database."""
    expected: Any = Outgoing("receipts", {"amount": 5})
    assert expected == receipts(Deposited(5), ADA)
