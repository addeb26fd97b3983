"""What the tests of ordering ask for: the conformance kit's fixtures."""

from sourcery.testing.conformance.fixtures import Background, background, flight

__all__ = ["Background", "background", "flight"]
