"""The account of the conformance kit, for our own tests."""

from sourcery.testing.conformance.account import *  # noqa: F403
