"""A relay is seen and steered as any consumer, by the name of its topic's."""

from datetime import timedelta

import pytest

from sourcery import (
    Consumer,
    EventStore,
    Relay,
    UnitOfWork,
    outbox_depth,
    outbox_messages,
)
from sourcery.errors import ConsumerFailed, ConsumerMismatch, ConsumerNotFound
from tests.ordering.support import DEADLINE, wait_until
from tests.relay.conftest import Running
from tests.relay.support import (
    NAME,
    TOPIC,
    Broker,
    fails,
    has_rows,
    letter_facts,
    policy,
    publish,
    relay,
    row_of,
    statuses,
)

pytestmark = pytest.mark.promise(39)


def stuck(store: EventStore, *, bad: list[int]) -> Broker:
    """A broker that was given six messages of two keys, of which some are parked."""
    publish(store, [1, 2, 3], key="ada")
    publish(store, [4, 5, 6], key="bob")
    broker = Broker(fails(bad))
    relay(store, broker, on_error=policy(retries=0)).drain(DEADLINE)
    broker.judge = fails([])
    return broker


def test_a_letter_is_retried_and_its_followers_come_in_order(store: EventStore) -> None:
    """One key, or one letter."""
    broker = stuck(store, bad=[1, 4])
    Consumer(store, NAME).retry(key="payments/ada")
    relay(store, broker).drain(DEADLINE)
    assert ([1, 2, 3], []) == (broker.numbers_of("ada"), broker.numbers_of("bob"))
    head = Consumer(store, NAME).letters()[0]
    Consumer(store, NAME).retry(head.position)
    relay(store, broker).drain(DEADLINE)
    assert ([4, 5, 6], []) == (broker.numbers_of("bob"), statuses(store))


def test_all_keys_are_retried(store: EventStore) -> None:
    """How many begin is told."""
    broker = stuck(store, bad=[1, 4])
    assert 2 == Consumer(store, NAME).retry()
    assert 6 == relay(store, broker).drain(DEADLINE)


def test_a_dropped_letter_lets_the_next_go(store: EventStore) -> None:
    """It is kept, dead, with the reason."""
    broker = stuck(store, bad=[1])
    consumer = Consumer(store, NAME)
    consumer.drop(consumer.letters()[0].position, "sent by hand")
    relay(store, broker).drain(DEADLINE)
    [letter] = consumer.letters()
    assert ([2, 3], "dead", "sent by hand") == (
        broker.numbers_of("ada"),
        letter.status,
        letter.error,
    )


def test_a_rewind_sends_again_with_the_same_ids(store: EventStore) -> None:
    """A replay from a position; letters above it are forgotten, their messages come again."""
    broker = stuck(store, bad=[2])
    sent = [message.message_id for message in broker.sent]
    Consumer(store, NAME).rewind(0)
    broker.sent.clear()
    assert 6 == relay(store, broker).drain(DEADLINE)
    assert ([1, 2, 3, 4, 5, 6], []) == (sorted(broker.numbers), letter_facts(store))
    assert set(sent) <= {message.message_id for message in broker.sent}


def test_a_rewind_forgets_what_was_sent_beyond_the_checkpoint(
    store: EventStore, running: Running
) -> None:
    """Under a running relay."""
    broker = Broker()
    running(relay(store, broker))
    publish(store, [1, 2])
    wait_until(lambda: [1, 2] == broker.numbers)
    Consumer(store, NAME).rewind(0)
    wait_until(lambda: [1, 2, 1, 2] == broker.numbers)


def test_a_skip_tells_how_many_messages_it_passes(store: EventStore) -> None:
    """They are never sent."""
    broker = Broker()
    relay(store, broker).drain(DEADLINE)
    publish(store, [1, 2, 3])
    assert 3 == Consumer(store, NAME).skip(store.settled())
    publish(store, [4])
    relay(store, broker).drain(DEADLINE)
    assert [4] == broker.numbers


def test_a_paused_relay_sends_nothing_until_it_is_resumed(
    store: EventStore, running: Running
) -> None:
    """Neither pages nor letters."""
    broker = Broker(fails([1]))
    publish(store, [1])
    running(relay(store, broker, on_error=policy(retries=1_000_000, wait=0.005)))
    wait_until(lambda: broker.attempts(1) > 1)
    Consumer(store, NAME).pause()
    tried = len(broker.batches)
    publish(store, [2], key="bob")
    assert (tried, "paused") == (len(broker.batches), row_of(store).status)
    broker.judge = fails([])
    Consumer(store, NAME).resume()
    wait_until(lambda: [1, 2] == sorted(broker.numbers))


def test_it_is_divided_anew(store: EventStore) -> None:
    """Letters and order survive."""
    broker = stuck(store, bad=[1])
    Consumer(store, NAME).reshard(3)
    with pytest.raises(ConsumerMismatch, match="shards"):
        relay(store, broker).run_once()
    Consumer(store, NAME).retry()
    publish(store, [7], key="ada")
    relay(store, broker, shards=3).drain(DEADLINE)
    assert ([1, 2, 3, 7], []) == (broker.numbers_of("ada"), statuses(store))


def test_health_counts_what_waits(store: EventStore) -> None:
    """Messages of its topic, and the age of the first."""
    relay(store, Broker()).drain(DEADLINE)
    publish(store, [1, 2])
    publish(store, [3], topic="mails")
    health = Consumer(store, NAME).health()
    assert ("outbox", 2, False) == (
        health.log,
        health.shards[0].events_behind,
        health.shards[0].at_least,
    )
    assert health.seconds_behind > 0
    relay(store, Broker()).drain(DEADLINE)
    assert 0 == Consumer(store, NAME).health().seconds_behind


def test_letters_name_topic_and_key(store: EventStore) -> None:
    """So that nobody takes one for another's."""
    publish(store, [1], key="a/b#c%", topic="x/y")
    publish(store, [1], key=None, topic="x/y")
    name = "relay:x/y"
    Relay(store, Broker(fails([1])), on_error=policy(wait=1000.0)).run_once()
    first, second = Consumer(store, name).letters()
    assert ("x%2Fy/a/b#c%", f"x%2Fy#{second.source_id}") == (first.key, second.key)


def test_a_relay_that_never_ran_is_not_found(store: EventStore) -> None:
    """By the name of the consumer."""
    with pytest.raises(ConsumerNotFound):
        Consumer(store, NAME).health()


def test_who_published_waits_until_it_is_sent(store: EventStore, running: Running) -> None:
    """By the token of the commit; a message that failed is an error."""
    broker = Broker(fails([2]))
    running(relay(store, broker, on_error=policy(retries=0)))
    with UnitOfWork(store) as uow:
        uow.publish(TOPIC, payload={"n": 1})
    wait_until(lambda: has_rows(store))
    Consumer(store, NAME).wait_for(uow.token)
    assert [1] == broker.numbers
    with UnitOfWork(store) as uow:
        uow.publish(TOPIC, payload={"n": 2})
    with pytest.raises(ConsumerFailed, match="number 2 is bad"):
        Consumer(store, NAME).wait_for(uow.token)


def test_a_rewind_may_name_a_time(store: EventStore, running: Running) -> None:
    """That of messages, not of events: those written then or later come again."""
    broker = Broker()
    publish(store, [1])
    wait_until(lambda: outbox_depth(store)[0].oldest > 0.002)
    publish(store, [2, 3])
    publish(store, [4], topic="mails")
    relay(store, broker).drain(DEADLINE)
    written = outbox_messages(store, topic=TOPIC)[1].created_at
    consumer = Consumer(store, NAME)
    assert outbox_messages(store)[0].position == consumer.rewind(written)
    assert (2, [1, 2, 3, 2, 3]) == (relay(store, broker).drain(DEADLINE), broker.numbers)
    consumer.rewind(written + timedelta(days=1))
    assert 0 == relay(store, broker).drain(DEADLINE)
