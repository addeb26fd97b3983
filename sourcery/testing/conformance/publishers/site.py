"""What the tests of a publisher ask of whoever receives what it sends."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import Any, ClassVar, Final, Self
from uuid import uuid4

from attrs import field, frozen

from sourcery.messages import Publisher

#: Seconds within which what was acknowledged must be there.
DEADLINE: Final = 20.0
#: For the publisher that leads nowhere, if it takes one: no error may show it.
PASSWORD: Final = "pa55word"


@frozen(kw_only=True)
class Received:
    """One message as a consumer of the broker's own library gets it."""

    message_id: str
    key: str | None
    payload: bytes = field(repr=False)
    #: Those of the publisher's caller, without what the publisher adds.
    headers: Mapping[str, str]
    content_type: str
    #: Those of CloudEvents by their names, `time` as a datetime; None where it is no CloudEvent.
    attributes: Mapping[str, Any] | None = None


class Site(ABC):
    """A receiver at work, and publishers to it.

    Only the abstract methods must be there. Without `can_kill` and `can_freeze` the tests of broken
    connections and of silence are skipped.
    """

    #: Whether `kill` and `start` are there, and whether what was acknowledged outlives them.
    can_kill: ClassVar[bool] = False
    durable: ClassVar[bool] = True
    #: Whether `freeze` and `thaw` are there.
    can_freeze: ClassVar[bool] = False

    @abstractmethod
    def publisher(self, **options: Any) -> Publisher:
        """A new one. The tests give `timeout`, in seconds, or nothing; close them in `close`."""

    @abstractmethod
    def nowhere(self) -> Publisher:
        """One to an address at which nobody listens, with `PASSWORD` if it takes any."""

    @abstractmethod
    def arrived(self, topic: str) -> list[Received]:
        """Read all there is of a topic, in the order in which the broker has it."""

    def topic(self) -> str:
        """Prepare a new topic that takes messages; its name."""
        return new_topic()

    def count(self, topic: str) -> int:
        """How many there are of a topic, if that is cheaper than to read them."""
        return len(self.arrived(topic))

    def kill(self) -> None:
        """End the receiver as SIGKILL does."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin again on what it has stored, at the same address; nothing if it runs."""
        raise NotImplementedError

    def freeze(self) -> None:
        """Stop it from answering as SIGSTOP does; its connections stay open."""
        raise NotImplementedError

    def thaw(self) -> None:
        """Let it answer again; nothing if it does."""
        raise NotImplementedError

    def close(self) -> None:  # noqa: B027 - who has nothing to close leaves it
        """Close the publishers that were made."""

    def received(self, topic: str, count: int) -> list[Received]:
        """Wait until so many are there; what is there then, or at the deadline."""
        deadline = time.monotonic() + DEADLINE
        while self.count(topic) < count and time.monotonic() < deadline:
            pass  # to ask takes a moment
        return self.arrived(topic)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def new_topic() -> str:
    """A name that every broker takes, and nobody has used."""
    return f"topic-{uuid4().hex[:12]}"
