"""RabbitMQ: what comes back, what is rejected, what closes the channel."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from sourcery.errors import BrokerUnavailable
from sourcery.messages import SENT, Outcome, Publisher
from sourcery.testing.conformance.publishers.messages import message, outcomes
from tests.brokers.rabbitmq import RabbitMQ
from tests.publishers.sites import RabbitMQSite

SENT_, FAILED, REFUSED, UNREACHED = Outcome


@pytest.fixture
def site_name() -> str:
    """The broker of RabbitMQ."""
    return "rabbitmq"


def test_a_message_no_queue_takes_is_refused(site: RabbitMQSite, publisher: Publisher) -> None:
    """It comes back; the others of the batch are sent."""
    topic = site.topic()
    results = publisher.publish([message(topic), message("nobody"), message(topic)])
    assert [SENT_, REFUSED, SENT_] == outcomes(results)
    assert "NO_ROUTE" in str(results[1].error)
    assert 2 == len(site.received(topic, 2))


def test_a_full_queue_is_a_failure(site: RabbitMQSite, publisher: Publisher) -> None:
    """It may have room later."""
    topic = "full-" + site.topic()
    site.make(topic, **{"x-max-length": 2, "x-overflow": "reject-publish"})
    results = publisher.publish([message(topic) for _ in range(6)])
    assert {SENT_, FAILED} == set(outcomes(results))
    assert outcomes(results).count(SENT_) == len(site.received(topic, 2))


def test_a_message_above_the_limit_alone_is_refused(
    site: RabbitMQSite, publisher: Publisher
) -> None:
    """The broker closed the channel for it, and the next one is opened."""
    topic = site.topic()
    (result,) = publisher.publish([message(topic, b"x" * 2_100_000)])
    assert (REFUSED, True) == (result.outcome, "larger than" in str(result.error))
    assert [SENT] == list(publisher.publish([message(topic)]))


@pytest.mark.promise(49)
def test_a_message_above_the_limit_among_others_is_found_one_by_one(
    site: RabbitMQSite, publisher: Publisher
) -> None:
    """Rule 34: together nobody is charged, alone the one that breaks the channel is."""
    topic = site.topic()
    batch = [message(topic), message(topic, b"x" * 2_100_000), message(topic)]
    together = outcomes(publisher.publish(batch))
    assert UNREACHED in together
    assert not {REFUSED, FAILED} & set(together)
    publisher.probe()
    alone = [publisher.publish([each])[0].outcome for each in batch]
    assert [SENT_, REFUSED, SENT_] == alone


def test_long_names_are_refused(site: RabbitMQSite, publisher: Publisher) -> None:
    """The protocol has 255 bytes for a routing key and for the name of a header."""
    topic = site.topic()
    batch = [
        message("ö" * 150),
        message(topic, headers={"ö" * 150: "x"}),
        message(topic, headers={"x": "y" * 200_000}),
        message(topic),
    ]
    assert [REFUSED, REFUSED, REFUSED, SENT_] == outcomes(publisher.publish(batch))


def test_an_exchange_routes(site: RabbitMQSite) -> None:
    """By the topic as the routing key."""
    topic = site.topic()
    with site.channel() as channel:
        channel.exchange_declare(f"x-{topic}", "topic", durable=True, auto_delete=False)
        channel.queue_bind(topic, f"x-{topic}", "orders.#")
    publisher = site.publisher(exchange=f"x-{topic}")
    results = publisher.publish([message("orders.eu"), message("payments")])
    assert [SENT_, REFUSED] == outcomes(results)
    assert 1 == len(site.received(topic, 1))


def test_an_exchange_that_is_missing_is_unavailable(site: RabbitMQSite) -> None:
    """It is no fault of the messages."""
    with pytest.raises(BrokerUnavailable, match="no exchange 'nowhere'"):
        site.publisher(exchange="nowhere").publish([message("t")])


def test_a_wrong_password_is_unavailable(site: RabbitMQSite) -> None:
    """It is no fault of the message, and is not shown."""
    publisher = site.to(f"amqp://guest:pa55word@127.0.0.1:{site.broker.port}")
    with pytest.raises(BrokerUnavailable) as caught:
        publisher.publish([message("t")])
    assert "pa55word" not in str(caught.value)


@pytest.mark.promise(39)
def test_a_broker_with_an_alarm_costs_no_attempt(
    site: RabbitMQSite, publisher: Publisher, alarm: Callable[[str], None]
) -> None:
    """It takes nothing until it has memory again; the probe says so, and waits for no timeout."""
    topic = site.topic()
    publisher.probe()
    alarm("0")
    began = time.monotonic()
    assert [UNREACHED] * 3 == outcomes(publisher.publish([message(topic) for _ in range(3)]))
    with pytest.raises(BrokerUnavailable, match="no memory or disk"):
        publisher.probe()
    assert time.monotonic() - began < publisher.timeout
    alarm("0.6")
    publisher.probe()
    assert [SENT] == list(publisher.publish([message(topic)]))


@pytest.fixture
def alarm(site: RabbitMQSite) -> Iterator[Callable[[str], None]]:
    """Sets how much memory the broker may have; at the end it is as usual."""
    assert isinstance(site.broker, RabbitMQ)
    command = partial(site.broker.control, "set_vm_memory_high_watermark")
    yield command
    command("0.6")
