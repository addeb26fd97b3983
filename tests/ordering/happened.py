"""The event of the conformance kit, for our own tests."""

from sourcery.testing.conformance.happened import Happened

__all__ = ["Happened"]
