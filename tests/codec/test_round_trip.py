"""The tests of the conformance kit, on our codec over either JSON library."""

from sourcery.testing.conformance.codecs.test_round_trip import *  # noqa: F403
