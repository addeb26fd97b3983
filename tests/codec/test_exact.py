"""The tests of the conformance kit, on our codec over either JSON library."""

from sourcery.testing.conformance.codecs.test_exact import *  # noqa: F403
