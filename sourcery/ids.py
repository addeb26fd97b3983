"""Event and message ids: UUID version 7, so that they sort by the time they were made."""

from __future__ import annotations

import os
import time
from typing import Final
from uuid import UUID

_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
_RANDOM = ~((0xF << 76) | (3 << 62)) & ((1 << 80) - 1)


#: Ids for which the system is asked for random bits at once: asking costs more than the rest.
_AT_ONCE: Final = 64
_SIZE: Final = 10
_random: Final[list[bytes]] = []
if hasattr(os, "register_at_fork"):
    # a child process must not go on with the bits of its parent
    os.register_at_fork(after_in_child=_random.clear)


def new_id() -> UUID:
    """Make a UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    low = int.from_bytes(_bits()) & _RANDOM | _VERSION_AND_VARIANT
    return UUID(int=milliseconds << 80 | low)


def _bits() -> bytes:
    """Ten random bytes that nobody else is given."""
    try:
        return _random.pop()
    except IndexError:
        fresh = os.urandom(_SIZE * _AT_ONCE)
        _random.extend(fresh[at : at + _SIZE] for at in range(_SIZE, len(fresh), _SIZE))
        return fresh[:_SIZE]
