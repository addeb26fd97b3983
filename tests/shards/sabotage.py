"""The safeguards that the kit switches off."""

from sourcery.testing.conformance.crew.sabotage import *  # noqa: F403
