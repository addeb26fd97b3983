"""The handler of the kit's crews."""

from sourcery.testing.conformance.crew.handling import *  # noqa: F403
