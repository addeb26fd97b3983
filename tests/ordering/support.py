"""What the conformance kit makes deterministic tests of, for our own tests."""

from sourcery.testing.conformance.support import *  # noqa: F403
