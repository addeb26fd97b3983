"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_read_bounds import *  # noqa: F403
