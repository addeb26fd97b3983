"""Publishers: what a user makes, gives and gets."""

from collections.abc import Sequence
from pathlib import Path
from typing import assert_type
from uuid import UUID

from sourcery.publishers import (
    SENT,
    CallablePublisher,
    FilePublisher,
    Message,
    Outcome,
    Publisher,
    Result,
    WebhookPublisher,
    publisher_for,
    register,
)
from sourcery.publishers.kafka import KafkaPublisher
from sourcery.publishers.nats import NatsPublisher
from sourcery.publishers.rabbitmq import RabbitMQPublisher
from sourcery.publishers.redis import RedisPublisher


def send(message: Message) -> None:
    """What a function gets."""
    assert_type(message.message_id, UUID)
    assert_type(message.key, str | None)
    assert_type(message.payload, bytes)


ALL: Sequence[Publisher] = [
    CallablePublisher(send, timeout=3.0),
    FilePublisher(Path("messages")),
    FilePublisher("messages"),
    WebhookPublisher("https://host/hook", secret=["whsec_a", "whsec_b"], connections=8),
    KafkaPublisher("kafka://host", tls=True, settings={"compression.type": "zstd"}),
    NatsPublisher("nats://host", prefix="shop."),
    RabbitMQPublisher("amqp://host", exchange="shop"),
    RedisPublisher("redis://host", maxlen=1000),
]


def publishes(batch: Sequence[Message]) -> None:
    """One result for each message."""
    publisher = publisher_for("kafka://host")
    assert_type(publisher, Publisher)
    for result in publisher.publish(batch):
        assert_type(result, Result)
        assert_type(result.outcome, Outcome)
        assert_type(result.error, str | None)
    assert_type(publisher.keeps_order, bool)
    assert_type(SENT, Result)


class Pigeons(Publisher):
    """One of a third party's."""

    def publish(self, batch: Sequence[Message]) -> list[Result]:
        return [Result(Outcome.REFUSED, "no pigeon")] * len(batch)


register("pigeon", lambda url: Pigeons())
CallablePublisher(lambda: None)  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType]
