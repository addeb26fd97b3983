"""What the web frameworks' examples have in common: requests, and looks at what they stored."""

from typing import Any, Protocol

from sqlalchemy import text

from sourcery import EventStore, Relay, Stream
from sourcery.publishers import CallablePublisher

ADA = Stream("account", "ada")


class Post(Protocol):
    """A request with JSON; the status of its answer."""

    def __call__(self, path: str, /, *, headers: dict[str, str] = ..., **body: Any) -> int: ...


def history(bank: EventStore) -> list[object]:
    """The account's events, as another connection sees them."""
    return [recorded.event for recorded in bank.read(ADA)]


def receipts(bank: EventStore) -> list[str]:
    """Numbers of the app's own rows."""
    with bank.engine.connect() as connection:
        return list(connection.scalars(text("select number from receipts order by number")))


def sent(bank: EventStore) -> list[bytes]:
    """Payloads of the messages."""
    payloads: list[bytes] = []
    Relay(bank, CallablePublisher(lambda message: payloads.append(message.payload))).drain()
    return payloads
