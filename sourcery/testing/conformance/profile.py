"""How much load the tests make: `--sourcery-profile long` multiplies what `short` does."""

import os
from typing import Final

#: By the environment, so that every process of a run, and every module at its import, knows it.
NAME: Final = "SOURCERY_PROFILE"
LONG: Final = os.environ.get(NAME) == "long"


def times(short: int, *, long: int) -> int:
    """How often a test does something."""
    return long if LONG else short
