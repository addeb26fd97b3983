"""The tests of the conformance kit, on the databases of `[db]`."""

from sourcery.testing.conformance.test_one_transaction import *  # noqa: F403
