"""Publishers: the adapters to brokers, one file for each, chosen by a URL or made by hand.

`publisher_for` knows the built-in ones by their scheme, then the entry-point group
`sourcery.publishers`: an entry named like the scheme that loads a function from the URL to a
`Publisher`. A broker's library is imported only with its file, and comes with an extra of its name.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Final

from sourcery.errors import UnknownPublisher
from sourcery.messages import SENT, Message, Outcome, Publisher, Result
from sourcery.publishers.address import scheme_of
from sourcery.publishers.callable import CallablePublisher
from sourcery.publishers.file import FilePublisher
from sourcery.publishers.webhook import WebhookPublisher

__all__ = [
    "SENT",
    "CallablePublisher",
    "FilePublisher",
    "Message",
    "Outcome",
    "Publisher",
    "Result",
    "WebhookPublisher",
    "publisher_for",
    "register",
]

GROUP: Final = "sourcery.publishers"

FromUrl = Callable[[str], Publisher]


def _kafka(url: str) -> Publisher:
    from sourcery.publishers.kafka import KafkaPublisher

    return KafkaPublisher.from_url(url)


def _nats(url: str) -> Publisher:
    from sourcery.publishers.nats import NatsPublisher

    return NatsPublisher.from_url(url)


def _rabbitmq(url: str) -> Publisher:
    from sourcery.publishers.rabbitmq import RabbitMQPublisher

    return RabbitMQPublisher.from_url(url)


def _redis(url: str) -> Publisher:
    from sourcery.publishers.redis import RedisPublisher

    return RedisPublisher.from_url(url)


_makers: Final[dict[str, FromUrl]] = {
    "amqp": _rabbitmq,
    "amqps": _rabbitmq,
    "file": FilePublisher.from_url,
    "http": WebhookPublisher.from_url,
    "https": WebhookPublisher.from_url,
    "kafka": _kafka,
    "nats": _nats,
    "redis": _redis,
    "rediss": _redis,
    "valkey": _redis,
}


def register(scheme: str, from_url: FromUrl) -> None:
    """Serve URLs of a scheme from this process on."""
    _makers[scheme] = from_url


def publisher_for(url: str) -> Publisher:
    """The publisher that a URL names: `kafka://host:9092`, `file:///path`, `https://host/hook`.

    Options of the publisher stand in the query; those of a webhook behind `#`, because the query is
    the receiver's. Nothing is connected before the first use. Raises `UnknownPublisher`,
    `PublisherMisconfigured` or `DriverMissing`, never with a password in the text.
    """
    scheme = scheme_of(url)
    if maker := _makers.get(scheme):
        return maker(url)
    for entry in entry_points(group=GROUP, name=scheme):
        loaded: FromUrl = entry.load()
        return loaded(url)
    raise UnknownPublisher(scheme, sorted(_makers))
