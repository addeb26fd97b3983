"""NATS: a stream for each topic, read from its first message."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar
from urllib.parse import unquote

import nats
from cloudevents.core.bindings import http
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

from sourcery.testing.conformance.publishers import Received
from sourcery.testing.conformance.publishers.site import new_topic
from tests.publishers.sites.site import DEADLINE, Site

T = TypeVar("T")


class NatsSite(Site):
    """Reads through the stream's own requests, without a consumer."""

    scheme: ClassVar[str] = "nats"

    def topic(self) -> str:
        topic = new_topic()
        self.make(topic)
        return topic

    def make(self, topic: str, **settings: Any) -> None:
        """Make a stream for a topic."""

        async def made(stream: JetStreamContext) -> None:
            await stream.add_stream(name=topic.replace(".", "-"), subjects=[topic], **settings)

        self.ask(made)

    def count(self, topic: str) -> int:
        async def counted(stream: JetStreamContext) -> int:
            return (await stream.stream_info(topic.replace(".", "-"))).state.messages

        return self.ask(counted)

    def arrived(self, topic: str) -> list[Received]:
        count = self.count(topic)

        async def read(stream: JetStreamContext) -> list[Received]:
            unacknowledged = ConsumerConfig(ack_policy=AckPolicy.NONE)
            subscription = await stream.pull_subscribe(topic, config=unacknowledged)
            found: list[Msg] = []
            while len(found) < count:
                found += await subscription.fetch(min(500, count - len(found)), timeout=DEADLINE)
            return [received(m.headers or {}, m.data) for m in found]

        return self.ask(read)

    def ask(self, question: Callable[[JetStreamContext], Awaitable[T]]) -> T:
        """Connect, ask, close."""

        async def answer() -> T:
            client = await nats.connect(self.url(), allow_reconnect=False)
            try:
                return await question(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(answer())


def received(headers: dict[str, str], payload: bytes) -> Received:
    """Read one; the binding of NATS writes headers as that of HTTP."""
    event = http.from_binary_event(http.HTTPMessage(headers=headers, body=payload))
    ours = ("ce-", "nats-", "content-type")
    return Received(
        message_id=headers["Nats-Msg-Id"],
        key=event.get_subject(),
        payload=payload,
        headers={k: unquote(v) for k, v in headers.items() if not k.lower().startswith(ours)},
        content_type=headers["content-type"],
        attributes=event.get_attributes(),
    )
