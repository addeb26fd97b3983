"""The projections of the conformance kit, for our own tests."""

from sourcery.testing.conformance.projections import *  # noqa: F403
