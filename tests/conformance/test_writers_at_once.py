"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_writers_at_once import *  # noqa: F403
