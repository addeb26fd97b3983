"""What these tests ask for."""

from tests.ordering.conftest import background
from tests.subscriber.conftest import bank, running

__all__ = ["background", "bank", "running"]
