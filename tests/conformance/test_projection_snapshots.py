"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_projection_snapshots import *  # noqa: F403
