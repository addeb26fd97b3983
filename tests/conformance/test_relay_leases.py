"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_relay_leases import *  # noqa: F403
