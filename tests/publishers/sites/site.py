"""What the conformance tests ask of a receiver."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from cloudevents.core.base import BaseCloudEvent

from sourcery.messages import Publisher
from sourcery.publishers import publisher_for
from tests.brokers import Broker
from tests.databases.process import free_port

DEADLINE = 20.0


@dataclass(frozen=True, kw_only=True)
class Received:
    """One message as a consumer of the broker's own library got it."""

    message_id: str
    key: str | None
    payload: bytes
    headers: Mapping[str, str]
    content_type: str
    #: By the SDK of CloudEvents.
    event: BaseCloudEvent


@dataclass
class Site(ABC):
    """A running receiver. What is received is in the order in which the broker has it."""

    broker: Broker
    publishers: list[Publisher] = field(default_factory=list)

    #: Whether what it acknowledged is there after a SIGKILL.
    durable: ClassVar[bool] = True
    #: A scheme, and the user of a URL that leads nowhere.
    scheme: ClassVar[str]

    @abstractmethod
    def topic(self) -> str:
        """Prepare a new topic that takes messages."""

    @abstractmethod
    def arrived(self, topic: str) -> list[Received]:
        """Read all that is there."""

    @abstractmethod
    def count(self, topic: str) -> int:
        """How many are there."""

    def url(self) -> str:
        """Give the URL that leads to it."""
        return self.broker.url()

    def publisher(self, **options: Any) -> Publisher:
        """A new one, closed at the end of the test."""
        return self.to(self.url(), **options)

    def to(self, url: str, **options: Any) -> Publisher:
        """Another one, by a URL."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        publisher = publisher_for(f"{url}{self.mark if query else ''}{query}")
        self.publishers.append(publisher)
        return publisher

    #: What begins the options of its URL.
    mark: ClassVar[str] = "?"

    def nowhere(self) -> str:
        """A URL at which nobody listens, with a password."""
        return f"{self.scheme}://user:pa55word@127.0.0.1:{free_port()}"

    def received(self, topic: str, count: int) -> list[Received]:
        """Wait until so many are there; give what is there at the deadline."""
        deadline = time.monotonic() + DEADLINE
        while self.count(topic) < count and time.monotonic() < deadline:
            pass  # to ask takes a moment
        return self.arrived(topic)

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.broker.kill()

    def start(self) -> None:
        """Begin again on what it has stored."""
        self.broker.start()

    def freeze(self) -> None:
        """Stop it from answering."""
        self.broker.freeze()

    def thaw(self) -> None:
        """Let it answer."""
        self.broker.thaw()

    def close(self) -> None:
        """Close what the test opened."""
        for publisher in self.publishers:
            publisher.close()


def new_topic() -> str:
    """A name that every broker takes."""
    return f"topic-{uuid4().hex[:12]}"
