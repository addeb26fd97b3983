"""What leaves: every committed message, as it was published, in order per key."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, event

from sourcery import EventStore, UnitOfWork, metadata
from sourcery.messages import Message
from sourcery.testing.conformance.domain import messages_stored
from sourcery.testing.conformance.relays import (
    NAME,
    TOPIC,
    Broker,
    Ordered,
    Reordering,
    publish,
    relay,
    row_of,
)

pytestmark: object = pytest.mark.promise(38)


class _RolledBack(Exception):
    """Undoes a transaction."""


def sent_of(store: EventStore) -> Message:
    """The one message that a relay sends."""
    broker = Broker()
    relay(store, broker).drain(10)
    [message] = broker.sent
    return message


def test_a_message_is_sent_as_it_was_published(store: EventStore) -> None:
    """Payload, key, headers and type, with where and when it was written."""
    with UnitOfWork(store) as uow:
        uow.publish(TOPIC, key="ada", payload={"n": 1}, headers={"a": "b"})
    message = sent_of(store)
    assert ("ada", {"n": 1}) == (message.key, json.loads(message.payload))
    assert ({"a": "b"}, "application/json") == (message.headers, message.content_type)
    assert f"urn:sourcery:{store.database.identity.store_id}" == message.source
    assert timedelta(minutes=5) > abs(datetime.now(UTC) - message.created_at)
    assert row_of(store).position >= message.position > 0


def test_bytes_and_metadata_are_sent(store: EventStore) -> None:
    """Bytes as they are; who and why as headers."""
    with metadata(actor="ada"), UnitOfWork(store) as uow:
        uow.publish(TOPIC, payload=b"\0\xff", headers={"content-type": "image/x"})
    message = sent_of(store)
    assert (b"\0\xff", "image/x") == (message.payload, message.content_type)
    assert ({"actor": "ada"}, None) == (message.headers, message.key)


@pytest.mark.promise(37)
def test_what_was_rolled_back_is_never_sent(store: EventStore) -> None:
    """The message is in the outbox if and only if its transaction committed."""
    with pytest.raises(_RolledBack), UnitOfWork(store) as uow:
        uow.publish(TOPIC, payload={"n": 1})
        raise _RolledBack
    publish(store, [2])
    broker = Broker()
    assert (1, [2]) == (relay(store, broker).drain(10), broker.numbers)


@pytest.mark.parametrize("make", [Broker, Ordered, Reordering])
def test_each_key_is_sent_in_order(store: EventStore, make: Callable[[], Broker]) -> None:
    """Over pages and waves, whatever the publisher does with a batch."""
    broker = make()
    for number in range(60):
        publish(store, [number], key=f"k{number % 5}")
    assert 60 == relay(store, broker, page=25).drain(10)
    for key in range(5):
        assert list(range(key, 60, 5)) == broker.numbers_of(f"k{key}")


def test_a_batch_never_holds_a_key_twice(store: EventStore) -> None:
    """Unless the publisher keeps the order; messages without key are of no one's."""
    publish(store, [1, 2, 3])
    publish(store, [4, 5, 6], key=None)
    waves, ordered = Broker(), Ordered()
    relay(store, waves).drain(10)
    relay(store, ordered, name="other").drain(10)
    assert [4, 1, 1] == [len(batch) for batch in waves.batches]
    assert [6] == [len(batch) for batch in ordered.batches]


def test_without_waves_a_reordering_publisher_is_noticed(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test of the test: the order of a key depends on them."""
    monkeypatch.setattr(Reordering, "keeps_order", True)
    publish(store, [1, 2, 3])
    broker = Reordering()
    relay(store, broker).drain(10)
    assert [3, 2, 1] == broker.numbers


def test_shards_share_the_keys(store: EventStore) -> None:
    """Each key is in one shard, and in order there."""
    for number in range(40):
        publish(store, [number], key=f"k{number % 8}")
    broker = Broker()
    assert 40 == relay(store, broker, shards=4).drain(10)
    for key in range(8):
        assert list(range(key, 40, 8)) == broker.numbers_of(f"k{key}")


def test_sent_messages_stay_and_are_not_sent_again(store: EventStore) -> None:
    """The checkpoint remembers them; retention deletes them."""
    publish(store, [1, 2])
    broker = Broker()
    assert (2, 0) == (relay(store, broker).drain(10), relay(store, broker).drain(10))
    assert (2, 2) == (len(broker.sent), messages_stored(store))


@pytest.mark.promise(40)
def test_no_transaction_is_open_while_the_broker_is_called(store: EventStore) -> None:
    """Whatever transaction was begun has ended by then."""
    open_now: list[Connection] = []
    seen: list[int] = []
    event.listen(store.engine, "begin", open_now.append)
    event.listen(store.engine, "commit", open_now.remove)
    event.listen(store.engine, "rollback", open_now.remove)

    class Looking(Broker):
        def publish(self, batch):  # noqa: ANN001, ANN202 - as the base
            seen.append(sum(1 for c in open_now if not is_autocommit(c)))
            return super().publish(batch)

    publish(store, [1, 2, 3])
    relay(store, Looking()).drain(10)
    assert [0, 0, 0] == seen


def is_autocommit(connection: Connection) -> bool:
    """Whether its statements commit one by one: the heart's connection and readers."""
    return connection.get_isolation_level() == "AUTOCOMMIT"


def test_two_relays_of_other_names_each_send_all(store: EventStore) -> None:
    """They share no cursor."""
    publish(store, [1, 2])
    first, second = Broker(), Broker()
    relay(store, first).drain(10)
    relay(store, second, name="audit").drain(10)
    assert ([1, 2], [1, 2]) == (first.numbers, second.numbers)
    assert row_of(store, NAME).position == row_of(store, f"audit:{TOPIC}").position


def test_the_publisher_is_closed_after_each_run(store: EventStore) -> None:
    """Between runs nothing is held."""
    broker = Broker()
    sender = relay(store, broker)
    sender.drain(10)
    sender.run_once()
    assert 2 == broker.closed
