"""The safeguards of relays that the kit switches off."""

from sourcery.testing.conformance.relay_sabotage import *  # noqa: F403
