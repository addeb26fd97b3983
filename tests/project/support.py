"""Projections with snapshots of the conformance kit, for our own tests."""

from sourcery.testing.conformance.projecting import *  # noqa: F403
