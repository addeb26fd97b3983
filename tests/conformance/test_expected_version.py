"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_expected_version import *  # noqa: F403
