"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_subscription import *  # noqa: F403
