"""A broker that a test started, as the kit's tests of publishers ask for it."""

from typing import Any, ClassVar

from attrs import define, field

from sourcery.messages import Publisher
from sourcery.publishers import publisher_for
from sourcery.testing.conformance import publishers
from sourcery.testing.conformance.publishers.site import DEADLINE, PASSWORD
from tests.brokers import Broker
from tests.databases.process import free_port

__all__ = ["DEADLINE", "Site"]


@define(eq=False)
class Site(publishers.Site):
    """A running receiver, with publishers that are made by URL."""

    broker: Broker
    publishers: list[Publisher] = field(factory=list)

    can_kill: ClassVar[bool] = True
    can_freeze: ClassVar[bool] = True
    #: A scheme, and what begins the options of its URL.
    scheme: ClassVar[str]
    mark: ClassVar[str] = "?"

    def url(self) -> str:
        """Give the URL that leads to it."""
        return self.broker.url()

    def publisher(self, **options: Any) -> Publisher:
        return self.to(self.url(), **options)

    def nowhere(self) -> Publisher:
        return self.to(f"{self.scheme}://user:{PASSWORD}@127.0.0.1:{free_port()}")

    def to(self, url: str, **options: Any) -> Publisher:
        """Another one, by a URL."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        publisher = publisher_for(f"{url}{self.mark if query else ''}{query}")
        self.publishers.append(publisher)
        return publisher

    def kill(self) -> None:
        self.broker.kill()

    def start(self) -> None:
        self.broker.start()

    def freeze(self) -> None:
        self.broker.freeze()

    def thaw(self) -> None:
        self.broker.thaw()

    def close(self) -> None:
        for publisher in self.publishers:
            publisher.close()
