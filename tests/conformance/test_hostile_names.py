"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_hostile_names import *  # noqa: F403
