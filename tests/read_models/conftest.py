"""What the tests of read models ask for."""

from tests.subscriber.conftest import background, bank

__all__ = ["background", "bank"]
