"""What the tests of the matrix ask for."""

from tests.faults.conftest import fleet, url

__all__ = ["fleet", "url"]
