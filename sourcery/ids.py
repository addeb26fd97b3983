"""Event and message ids: UUID version 7, so that they sort by the time they were made."""

from __future__ import annotations

import os
import time
from uuid import UUID

_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_RANDOM = ~((0xF << 76) | (3 << 62)) & ((1 << 80) - 1)


def new_id() -> UUID:
    """Make a UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    low = int.from_bytes(os.urandom(10)) & _RANDOM | _VERSION_AND_VARIANT
    return UUID(int=milliseconds << 80 | low)
