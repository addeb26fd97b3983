"""What the tests of projections on demand ask for."""

from tests.ordering.conftest import Background, background, flight

__all__ = ["Background", "background", "flight"]
