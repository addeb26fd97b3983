"""The conformance kit's subscribers and handlers, for our own tests."""

from sourcery.testing.conformance.subscribers import *  # noqa: F403
