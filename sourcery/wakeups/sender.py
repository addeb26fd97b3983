"""Which process a notice comes from."""

from __future__ import annotations

import os
from typing import Final
from uuid import uuid4

_STARTED: Final = uuid4().hex


def this_process() -> str:
    """The same for all stores of a process, and another one after a fork."""
    return f"{_STARTED}.{os.getpid()}"
