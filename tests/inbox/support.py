"""What the conformance kit asks of an inbox, for our own tests."""

from sourcery.testing.conformance.inboxes import *  # noqa: F403
