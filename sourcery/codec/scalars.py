"""How single values are stored: text that another language can read, and nothing inexact.

Each pair is a function to a JSON value and one back. What JSON cannot hold faithfully is
refused with a ValueError, whose text becomes part of an `EncodeError`.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

_INT_LIMIT: Final = 2**63
_MICROSECOND: Final = timedelta(microseconds=1)


def datetime_text(value: datetime) -> str:
    """ISO 8601 with the offset."""
    if value.tzinfo is None:
        raise ValueError("is a naive datetime: give it a time zone")
    return value.isoformat()


def decimal_text(value: Decimal) -> str:
    """The exact digits, trailing zeros included."""
    if not value.is_finite():
        raise ValueError("is not a finite number")
    return str(value)


def decimal_from(text: Any) -> Decimal:
    """A finite number from its digits."""
    value = Decimal(text)
    if not value.is_finite():
        raise ValueError("is not a finite number")
    return value


def finite(value: float) -> float:
    """The number itself; JSON has no NaN and no infinity."""
    if not math.isfinite(value):
        raise ValueError("is not a finite number")
    return value


def small_int(value: int) -> int:
    """The number itself; readers of JSON lose digits beyond 64 bits."""
    if not -_INT_LIMIT <= value < _INT_LIMIT:
        raise ValueError("is an int beyond 64 bits: use a Decimal or a str")
    return value


def timedelta_text(value: timedelta) -> str:
    """Exact decimal seconds."""
    return str(Decimal(value // _MICROSECOND).scaleb(-6))


def timedelta_from(text: Any) -> timedelta:
    """Microseconds, from decimal seconds."""
    return timedelta(microseconds=int(Decimal(text).scaleb(6)))


def bytes_text(value: bytes) -> str:
    """Standard base64."""
    return b64encode(value).decode()


def bytes_from(text: Any) -> bytes:
    """Bytes from standard base64."""
    return b64decode(text, validate=True)


#: By class: to JSON, from JSON.
SCALARS: Final[dict[type, tuple[Callable[[Any], Any], Callable[[Any], Any]]]] = {
    datetime: (datetime_text, datetime.fromisoformat),
    date: (date.isoformat, date.fromisoformat),
    time: (time.isoformat, time.fromisoformat),
    timedelta: (timedelta_text, timedelta_from),
    UUID: (str, UUID),
    Decimal: (decimal_text, decimal_from),
    bytes: (bytes_text, bytes_from),
}
