"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_broker_outages import *  # noqa: F403
