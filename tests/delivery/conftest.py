"""Brokers behind wires."""

from collections.abc import Iterator

import pytest

from tests.brokers import BROKERS, Broker
from tests.brokers.tansu import Tansu
from tests.delivery.target import BrokerTarget
from tests.faults.conftest import fleet, url
from tests.proxy import Proxy
from tests.publishers.conftest import webhooks
from tests.publishers.sites import SITES
from tests.relay.conftest import background, running

__all__ = ["background", "fleet", "running", "url", "webhooks"]


@pytest.fixture
def wire() -> Iterator[Proxy]:
    """Leads to the test's broker once that runs."""
    with Proxy() as wire:
        yield wire


@pytest.fixture
def broker(
    broker_name: str, wire: Proxy, request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> Iterator[Broker]:
    """The one that `broker_name` names, running; a missing one skips the test."""
    if broker_name == "webhook":
        found: Broker = request.getfixturevalue("webhooks")
    else:
        brokers = pytestconfig.stash[BROKERS]
        if missing := brokers.missing(broker_name):
            pytest.skip(missing)
        found = brokers[broker_name]
    own = isinstance(found, Tansu)
    if isinstance(found, Tansu):  # it tells its clients where to go: over the wire
        found = Tansu(found.name, found.source)
        found.advertised = wire.port
    found.start()  # also when the test before left it killed
    wire.target = found.port
    yield found
    if own:
        found.remove()


@pytest.fixture
def target(broker_name: str, broker: Broker, wire: Proxy) -> Iterator[BrokerTarget]:
    """A new topic of it."""
    site = SITES[broker_name](broker)
    yield BrokerTarget(site, wire)
    site.close()
