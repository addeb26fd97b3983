"""Wait for a condition, never for a time."""

import time
from collections.abc import Callable

DEADLINE = 30.0


def wait_until(condition: Callable[[], bool]) -> None:
    """Return as soon as it holds; fail after the deadline."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
