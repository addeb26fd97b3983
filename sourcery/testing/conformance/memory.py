"""How much memory some work takes."""

import tracemalloc
from collections.abc import Callable
from typing import Final

MEGABYTE: Final = 1_000_000


def peak_of(work: Callable[[], object]) -> int:
    """The bytes that Python held at the worst moment."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
