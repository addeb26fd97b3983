"""Where a reader of the log begins: at the origin, now, after a position, at a time."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Final, Literal, TypeAlias


class Beginning(Enum):
    """A place in the log that is found when it is asked for."""

    NOW = "now"


#: Before the first event of the log.
ORIGIN: Final = 0
#: After all that is settled when it is asked for: what is committed later, or in flight, is read.
NOW: Final = Beginning.NOW

#: A position is exclusive; an aware datetime begins at the first event recorded at or after it.
Start: TypeAlias = int | datetime | Literal[Beginning.NOW]
