"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_killed_receiver import *  # noqa: F403
