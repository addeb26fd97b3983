"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_inbox_at_once import *  # noqa: F403
