"""The small bank and shop of the conformance kit, for our own tests."""

from sourcery.testing.conformance.domain import *  # noqa: F403
