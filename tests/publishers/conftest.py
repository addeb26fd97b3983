"""A receiver for each publisher."""

from collections.abc import Iterator

import pytest

from sourcery.testing.conformance.publishers.arrivals import publisher
from tests.brokers import BROKERS, Broker
from tests.brokers.webhooks import Webhooks
from tests.publishers.sites import SITES, Site

__all__ = ["publisher"]


@pytest.fixture(scope="session")
def webhooks() -> Iterator[Webhooks]:
    """The receiver of webhooks."""
    receiver = Webhooks()
    receiver.start()
    yield receiver
    receiver.remove()


@pytest.fixture
def site(site_name: str, webhooks: Webhooks, pytestconfig: pytest.Config) -> Iterator[Site]:
    """The running receiver that `site_name` names; a missing one skips the test."""
    brokers = pytestconfig.stash[BROKERS]
    broker: Broker = webhooks
    if site_name != "webhook":
        if missing := brokers.missing(site_name):
            pytest.skip(missing)
        broker = brokers[site_name]
    broker.start()  # also when the test before left it killed
    site = SITES[site_name](broker)
    yield site
    site.close()
