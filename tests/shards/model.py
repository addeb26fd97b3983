"""The read model of the kit's crews."""

from sourcery.testing.conformance.crew.model import *  # noqa: F403
