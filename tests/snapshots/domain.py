"""The tallies of the conformance kit, for our own tests."""

from sourcery.testing.conformance.tallies import *  # noqa: F403
