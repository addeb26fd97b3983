"""Workers of one consumer in threads, of the conformance kit."""

from sourcery.testing.conformance.crew.members import *  # noqa: F403
