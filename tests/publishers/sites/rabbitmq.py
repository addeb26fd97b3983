"""RabbitMQ: a durable queue for each topic, read and put back by closing the connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar

from cloudevents.core.bindings import amqp as binding

from sourcery.testing.conformance.publishers import Received
from sourcery.testing.conformance.publishers.site import new_topic
from tests.publishers.sites.site import Site

amqp: Any = import_module("amqp")


class RabbitMQSite(Site):
    """What is fetched and not acknowledged goes back to its queue, in its old place."""

    scheme: ClassVar[str] = "amqp"

    def topic(self) -> str:
        topic = new_topic()
        self.make(topic)
        return topic

    def make(self, topic: str, **arguments: Any) -> None:
        """Make a queue for a topic."""
        with self.channel() as channel:
            channel.queue_declare(topic, durable=True, auto_delete=False, arguments=arguments)

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """A channel on a connection of its own."""
        with amqp.Connection(host=f"127.0.0.1:{self.broker.port}") as connection:
            yield connection.channel()

    def count(self, topic: str) -> int:
        with self.channel() as channel:
            return int(channel.queue_declare(topic, passive=True).message_count)

    def arrived(self, topic: str) -> list[Received]:
        with self.channel() as channel:
            fetched = iter(lambda: channel.basic_get(topic), None)
            return [received(each) for each in fetched]


def received(message: Any) -> Received:
    """Read one."""
    properties = message.properties
    raw = properties["application_headers"]
    payload = message.body if isinstance(message.body, bytes) else message.body.encode()
    content = {"content-type": properties["content_type"]}
    event = binding.from_binary_event(binding.AMQPMessage(content, raw, payload))
    return Received(
        message_id=properties["message_id"],
        key=event.get_subject(),
        payload=payload,
        headers={k: v for k, v in raw.items() if not k.startswith("cloudEvents")},
        content_type=properties["content_type"],
        attributes=event.get_attributes(),
    )
