"""NATS JetStream: repeats, and what is refused."""

import time

import pytest

from sourcery.messages import SENT, Outcome, Publisher
from sourcery.testing.conformance.publishers.messages import message, numbered, outcomes
from tests.brokers.nats import Nats
from tests.publishers.sites import NatsSite

SENT_, FAILED, REFUSED, UNREACHED = Outcome


@pytest.fixture
def site_name() -> str:
    """The server of NATS."""
    return "nats"


@pytest.mark.promise(38)
def test_a_repeat_is_dropped_by_the_stream(site: NatsSite, publisher: Publisher) -> None:
    """It has the same id; to send it again is no failure."""
    batch = numbered(site.topic(), 10)
    for _ in range(3):
        assert [SENT] * 10 == list(publisher.publish(batch))
    publisher.close()
    assert [SENT] * 10 == list(publisher.publish(batch))
    assert 10 == len(site.received(batch[0].topic, 10))


@pytest.mark.parametrize("topic", ["a b", "a..b", ".a", "a.", "a.*", "a.>", "ä b", "a\tb"])
def test_a_topic_that_is_no_subject_is_refused(publisher: Publisher, topic: str) -> None:
    """Before anything is sent."""
    assert [REFUSED] == outcomes(publisher.publish([message(topic)]))


def test_a_message_above_the_servers_limit_is_refused(site: NatsSite, publisher: Publisher) -> None:
    """Headers count; the others of the batch are sent."""
    topic = site.topic()
    batch = [message(topic, b"x" * 1_048_570), message(topic)]
    assert [REFUSED, SENT_] == outcomes(publisher.publish(batch))
    assert 1 == len(site.received(topic, 1))


def test_a_message_above_the_streams_limit_is_refused(site: NatsSite, publisher: Publisher) -> None:
    """The stream's answer says so."""
    topic = "small." + site.topic()
    site.make(topic, max_msg_size=1000)
    results = publisher.publish([message(topic, b"x" * 2000), message(topic)])
    assert [REFUSED, SENT_] == outcomes(results)
    assert "10054" in str(results[0].error)


def test_without_a_stream_a_message_fails(publisher: Publisher) -> None:
    """At once, and it may be tried again: a stream is also missing while a server starts."""
    began = time.monotonic()
    (result,) = publisher.publish([message("nobody.listens")])
    assert (FAILED, "no stream takes its subject") == (result.outcome, result.error)
    assert time.monotonic() - began < publisher.timeout / 2


def test_a_full_stream_is_a_failure(site: NatsSite, publisher: Publisher) -> None:
    """It may have room later."""
    topic = "full." + site.topic()
    site.make(topic, max_msgs=1, discard="new")
    assert [SENT] == list(publisher.publish([message(topic)]))
    assert [FAILED] == outcomes(publisher.publish([message(topic)]))


def test_a_subject_the_user_may_not_publish_to_is_refused(site: NatsSite) -> None:
    """Without waiting for an acknowledgement that never comes."""
    assert isinstance(site.broker, Nats)
    publisher = site.to(site.broker.url("narrow"))
    topics = ["allowed." + site.topic(), site.topic()]
    site.make(topics[0])
    began = time.monotonic()
    assert [SENT_, REFUSED] == outcomes(publisher.publish([message(t) for t in topics]))
    assert time.monotonic() - began < publisher.timeout / 2


def test_a_prefix_stands_before_the_topic(site: NatsSite) -> None:
    """It makes the subject together with it."""
    topic = site.topic()
    site.make("shop." + topic)
    publisher = site.publisher(prefix="shop.")
    assert [SENT] == list(publisher.publish([message(topic)]))
