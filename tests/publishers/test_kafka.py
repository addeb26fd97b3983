"""Kafka's protocol: what is refused, keys and partitions."""

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from sourcery.messages import SENT, Outcome, Publisher
from sourcery.publishers.kafka import KafkaPublisher
from sourcery.testing.conformance.publishers.messages import message, numbered, outcomes
from sourcery.testing.conformance.publishers.site import new_topic
from tests.publishers.sites import KafkaSite

SENT_, FAILED, REFUSED, UNREACHED = Outcome


@pytest.fixture
def site_name() -> str:
    """The broker that speaks Kafka's protocol."""
    return "kafka"


def test_a_message_above_the_limit_is_refused(site: KafkaSite) -> None:
    """The others of the batch are sent."""
    publisher = site.publisher(max_bytes=5000)
    topic = site.topic()
    batch = [message(topic), message(topic, b"x" * 6000), message(topic)]
    assert [SENT_, REFUSED, SENT_] == outcomes(publisher.publish(batch))
    assert 2 == len(site.received(topic, 2))


@pytest.mark.parametrize("topic", ["a b", "ö", "a/b"])
def test_a_topic_that_is_no_name_is_refused(publisher: Publisher, topic: str) -> None:
    """By the broker."""
    assert [REFUSED] == outcomes(publisher.publish([message(topic)]))


def test_a_header_with_a_nul_in_its_name_is_refused(publisher: Publisher) -> None:
    """The library would cut it short."""
    assert [REFUSED] == outcomes(publisher.publish([message("t", headers={"a\0b": "x"})]))


def test_equal_keys_share_a_partition(site: KafkaSite, publisher: Publisher) -> None:
    """And different ones are spread."""
    topic = new_topic()
    admin = AdminClient({"bootstrap.servers": site.server()})
    admin.create_topics([NewTopic(topic, 4, 1)])[topic].result(10)
    assert [SENT] * 100 == list(publisher.publish(numbered(topic, 100, keys=20)))
    found = [site.partition(topic, number) for number in range(4)]
    keys = [{r.key for r in part} for part in found]
    assert 20 == sum(map(len, keys)) == len(set().union(*keys))
    assert 1 < sum(bool(part) for part in keys)


def test_the_guarantees_cannot_be_set_aside() -> None:
    """Other settings of the library can be given."""
    mine = {"acks": "0", "enable.idempotence": False, "compression.type": "lz4"}
    settings = KafkaPublisher("kafka://host", settings=mine)._settings
    assert ("all", True) == (settings["acks"], settings["enable.idempotence"])
    assert "lz4" == settings["compression.type"]
