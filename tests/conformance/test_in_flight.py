"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_in_flight import *  # noqa: F403
