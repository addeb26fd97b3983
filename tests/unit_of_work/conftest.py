"""What the tests of the unit of work ask for: the conformance kit's store and table."""

from sourcery.testing.conformance.fixtures import bank, notes

__all__ = ["bank", "notes"]
