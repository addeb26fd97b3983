"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_encoding_failure import *  # noqa: F403
