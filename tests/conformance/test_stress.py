"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_stress import *  # noqa: F403
