"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_shares import *  # noqa: F403
