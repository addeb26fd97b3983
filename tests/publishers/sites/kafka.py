"""Kafka's protocol: a topic of one partition, read from its beginning."""

from collections.abc import Iterator
from typing import ClassVar

from cloudevents.core.bindings import kafka
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from sourcery.testing.conformance.publishers import Received
from sourcery.testing.conformance.publishers.site import new_topic
from tests.publishers.sites.site import DEADLINE, Site

CONSUMER = {
    "group.id": "tests",
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 5,
}


class KafkaSite(Site):
    """The broker forgets everything when it is killed."""

    scheme: ClassVar[str] = "kafka"
    durable: ClassVar[bool] = False

    def topic(self) -> str:
        topic = new_topic()
        admin = AdminClient({"bootstrap.servers": self.server()})
        for future in admin.create_topics([NewTopic(topic, 1, 1)]).values():
            future.result(DEADLINE)
        return topic

    def server(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.broker.port}"

    def count(self, topic: str) -> int:
        return len(self.arrived(topic))  # Tansu's ListOffsets counts batches

    def arrived(self, topic: str) -> list[Received]:
        return self.partition(topic, 0)

    def partition(self, topic: str, number: int) -> list[Received]:
        """All of one partition."""
        consumer = Consumer({"bootstrap.servers": self.server(), **CONSUMER})
        try:
            consumer.assign([TopicPartition(topic, number, 0)])
            return [received(each) for each in until_the_end(consumer)]
        finally:
            consumer.close()


def until_the_end(consumer: Consumer) -> Iterator[Message]:
    """What there is now."""
    while (each := consumer.poll(DEADLINE)) is not None:
        error = each.error()
        if error is None:
            yield each
        elif error.code() == KafkaError._PARTITION_EOF:
            return


def received(message: Message) -> Received:
    """Read one."""
    raw = dict(message.headers() or [])
    key, value = message.key(), message.value() or b""
    event = kafka.from_binary_event(kafka.KafkaMessage(headers=raw, key=key, value=value))
    texts = {name: text.decode() for name, text in raw.items()}
    ours = ("ce_", "content-type")
    return Received(
        message_id=texts["ce_id"],
        key=None if key is None else key.decode(),
        payload=value,
        headers={k: v for k, v in texts.items() if not k.startswith(ours)},
        content_type=texts["content-type"],
        attributes=event.get_attributes(),
    )
