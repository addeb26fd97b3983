"""The relays and brokers of the conformance kit, for our own tests."""

from sourcery.testing.conformance.relays import *  # noqa: F403
