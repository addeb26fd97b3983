"""For each publisher that has a receiver: the receiver, and how to harm it."""

from collections.abc import Mapping

from sourcery.testing.conformance.publishers import Received
from tests.publishers.sites.kafka import KafkaSite
from tests.publishers.sites.nats import NatsSite
from tests.publishers.sites.rabbitmq import RabbitMQSite
from tests.publishers.sites.redis import RedisSite
from tests.publishers.sites.site import Site
from tests.publishers.sites.webhook import WebhookSite

__all__ = [
    "SITES",
    "KafkaSite",
    "NatsSite",
    "RabbitMQSite",
    "Received",
    "RedisSite",
    "Site",
    "WebhookSite",
]

#: By the name of the broker in `[brokers]` of setup.cfg, or of a receiver that needs none.
SITES: Mapping[str, type[Site]] = {
    "kafka": KafkaSite,
    "nats": NatsSite,
    "rabbitmq": RabbitMQSite,
    "valkey": RedisSite,
    "webhook": WebhookSite,
}
