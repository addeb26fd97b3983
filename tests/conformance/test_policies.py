"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_policies import *  # noqa: F403
