"""The tests of the conformance kit, on our codec over either JSON library."""

from sourcery.testing.conformance.codecs.test_decode_errors import *  # noqa: F403
