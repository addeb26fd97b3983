"""What the tests of appending ask for: the conformance kit's store."""

from sourcery.testing.conformance.fixtures import bank

__all__ = ["bank"]
