"""Real brokers for tests: servers that pytest starts when they are installed."""

import pytest

from tests.brokers.broker import Broker
from tests.brokers.brokers import Brokers

__all__ = ["BROKERS", "Broker", "Brokers"]

#: Where pytest's configuration keeps the brokers of this run.
BROKERS = pytest.StashKey[Brokers]()
