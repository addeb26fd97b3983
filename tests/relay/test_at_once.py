"""A page that goes as one batch: what its messages are, and what a failure leaves of the rules."""

import pickle
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
from attrs import evolve, fields

from sourcery import Consumer, EventStore, UnitOfWork
from sourcery.errors import RetryTransaction
from sourcery.following import Follower
from sourcery.log import MessageQuery
from sourcery.messages import SENT, Message, Result
from sourcery.recorded import StoredRow
from sourcery.relay.parcels import OutboxParcels
from sourcery.worker.checkpoints import Checkpoints
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE, wait_until
from tests.relay.support import (
    NAME,
    TOPIC,
    Broker,
    Ordered,
    fails,
    letter_facts,
    publish,
    relay,
    row_of,
)

PARCELS = OutboxParcels(MessageQuery(topic=TOPIC), "urn:sourcery:test")


def rows_of(store: EventStore) -> Sequence[StoredRow]:
    """Two messages, the second with all that a message can have."""
    publish(store, [1], key=None)
    headers = {"content-type": "text/plain", "tenant": "Åbo"}
    with UnitOfWork(store) as uow:
        uow.publish(TOPIC, key="ada", payload=b"2", headers=headers)
    return Follower(store.database, MessageQuery(topic=TOPIC), 0).look().rows


def at_once(rows: Sequence[StoredRow]) -> list[Message]:
    """The messages of a page."""
    found = PARCELS.at_once(rows, keeps_order=False)
    assert found is not None
    return found


def facts(message: Message) -> list[Any]:
    """All fields of it."""
    return [getattr(message, field.name) for field in fields(Message)]


@pytest.mark.promise(38)
def test_messages_are_those_that_each_row_gives(store: EventStore) -> None:
    """Whether they are decoded one by one, or when somebody looks at them."""
    rows = rows_of(store)
    singly = [message for row in rows for message in PARCELS.parcel(row).messages]
    assert [facts(m) for m in singly] == [facts(m) for m in at_once(rows)]
    assert (singly, at_once(rows)) == (at_once(rows), singly)
    assert singly[0] != at_once(rows)[1]


def test_a_message_is_copied_and_changed_as_any_other(store: EventStore) -> None:
    """Before anybody has looked at it."""
    first, second = at_once(rows_of(store))
    assert facts(first) == facts(pickle.loads(pickle.dumps(first)))  # noqa: S301 - our own
    assert (b"3", "ada") == (evolve(second, payload=b"3").payload, evolve(second).key)
    assert "message_id=" in repr(second)
    with pytest.raises(AttributeError):
        second.nothing  # type: ignore[attr-defined] # noqa: B018


@pytest.mark.promise(32, 38)
def test_two_of_one_key_go_at_once_only_where_order_is_kept(store: EventStore) -> None:
    """Without a key each is in order with itself alone."""
    publish(store, [1, 2])
    rows = Follower(store.database, MessageQuery(topic=TOPIC), 0).look().rows
    assert PARCELS.at_once(rows, keeps_order=False) is None
    assert 2 == len(PARCELS.at_once(rows, keeps_order=True) or ())
    assert 1 == len(at_once(rows[:1]))


@pytest.mark.promise(39)
def test_what_failed_in_such_a_page_keeps_its_key(store: EventStore) -> None:
    """The others of the batch are sent, once; the broker holds back what follows it."""
    publish(store, [1, 2], key="ada")
    publish(store, [3, 4], key="bob")
    broker = Ordered(fails([1]))
    relay(store, broker).run_once()
    assert ([3, 4], 1) == (broker.numbers, len(broker.batches))
    assert [("payments/ada", "blocked", 1), ("payments/ada", "behind", 0)] == letter_facts(store)


@pytest.mark.promise(38)
def test_what_was_sent_is_not_sent_again_when_its_checkpoint_is_refused(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the worker has its shard: the database asked to run the transaction again."""
    advance, refusals = Checkpoints.advance, [1]

    def refuse(self: Checkpoints, *given: Any) -> None:
        if refusals:
            refusals.pop()
            raise RetryTransaction("the test")
        advance(self, *given)

    publish(store, [1, 2], key=None)
    monkeypatch.setattr(Checkpoints, "advance", refuse)
    broker = Broker()
    assert 2 == relay(store, broker).drain(DEADLINE)
    assert ([1, 2], []) == (broker.numbers, refusals)


class Pausing(Broker):
    """Somebody asks for a pause while it sends its first batch."""

    keeps_order: ClassVar[bool] = True
    store: EventStore
    ask: Callable[[], object]

    def results(self, batch: Sequence[Message]) -> list[Result]:
        if len(self.batches) == 1:
            self.ask()
            wait_until(lambda: row_of(self.store).request is not None)
        return [SENT] * len(batch)


@pytest.mark.promise(23)
def test_a_request_that_comes_during_a_page_is_obeyed_after_it(
    store: EventStore, background: Background
) -> None:
    """The write of the checkpoint tells of it: no further page is sent."""
    publish(store, range(6))
    broker = Pausing()
    broker.store = store
    broker.ask = lambda: background(Consumer(store, NAME).pause, DEADLINE)
    sender = relay(store, broker, page=2)
    with sender._worker._at_work(None) as crew:
        for _ in range(4):
            crew.round(force=False)
    assert ([0, 1], "paused") == (broker.numbers, row_of(store).status)
