"""The one TCP proxy of the tests: a wire to a database or broker that breaks when it is told to."""

from tests.proxy.link import Link, Way
from tests.proxy.proxy import Proxy
from tests.proxy.rules import Fault

__all__ = ["Fault", "Link", "Proxy", "Way"]
