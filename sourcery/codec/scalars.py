"""How single values are stored: text that another language can read, and nothing inexact.

Each pair is a function to a JSON value and one back; that one takes the class as well, as cattrs
calls it. Another class than the field declares is refused when it is stored: it would come back as
something else, or not at all. JSON of another type is refused when it is read: a number is no text,
and the text "false" is not False.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sourcery.codec.plain import Unstorable, check_float, check_int, mismatch

_MICROSECOND: Final = timedelta(microseconds=1)
_SECONDS: Final = re.compile(r"(-?)([0-9]{1,14})(?:\.([0-9]{1,6}))?")
_NAIVE: Final = "is a naive datetime: give it a time zone"


def text(value: object) -> str:
    """The string itself; a subclass becomes plain."""
    if type(value) is str:
        return value
    if not isinstance(value, str):
        raise mismatch(value, "str")
    return str.__str__(value)


def text_from(value: Any, cls: Any = str) -> Any:
    """A string; also one of a class of the user's derived from it."""
    if type(value) is not str:
        raise mismatch(value, "str")
    return value if cls is str else cls(value)


def integer(value: object) -> int:
    """The number itself. True and False are none, though Python counts them in."""
    if not isinstance(value, int) or value is True or value is False:
        raise mismatch(value, "int")
    check_int(value)
    return value if type(value) is int else int(value)


def integer_from(value: Any, cls: Any = int) -> Any:
    """A whole number; 1.0 is none, and would be cut if it were 1.5."""
    if type(value) is not int:
        raise mismatch(value, "int")
    return value if cls is int else cls(value)


def number(value: object) -> float:
    """The number itself. An int is a float too, when it is exactly one."""
    if value is True or value is False:
        raise mismatch(value, "float")
    if isinstance(value, int):
        check_int(value)
        if int(float(value)) != value:
            raise Unstorable("is an int that no float holds exactly")
    elif not isinstance(value, float):
        raise mismatch(value, "float")
    check_float(value)
    return float(value)


def number_from(value: Any, cls: Any = float) -> Any:
    """A number; other programs write 1 where we write 1.0."""
    if type(value) is float and cls is float:
        return value
    if type(value) is not float and type(value) is not int:
        raise mismatch(value, "float")
    return cls(value)


def truth(value: object) -> bool:
    """True or False itself."""
    if not isinstance(value, bool):
        raise mismatch(value, "bool")
    return value


def truth_from(value: Any, _: object = bool) -> bool:
    """True or False; 1 and "false" are neither."""
    if type(value) is not bool:
        raise mismatch(value, "bool")
    return value


def datetime_text(value: object) -> str:
    """ISO 8601 with the offset."""
    if not isinstance(value, datetime):
        raise mismatch(value, "datetime")
    if value.utcoffset() is None:
        raise Unstorable(_NAIVE)
    return value.isoformat()


def datetime_from(text: Any, _: object = datetime) -> datetime:
    """A moment; without an offset it is none."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise Unstorable(_NAIVE)
    return value


def date_text(value: object) -> str:
    """ISO 8601."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise mismatch(value, "date")
    return value.isoformat()


def time_text(value: object) -> str:
    """ISO 8601, with the offset if it has one."""
    if not isinstance(value, time):
        raise mismatch(value, "time")
    if value.tzinfo is not None and value.utcoffset() is None:
        raise Unstorable("is a time whose offset depends on the date: store a datetime")
    return value.isoformat()


def timedelta_text(value: object) -> str:
    """Exact decimal seconds. No Decimal: its context is the user's, and may round."""
    if not isinstance(value, timedelta):
        raise mismatch(value, "timedelta")
    microseconds = value // _MICROSECOND
    seconds, rest = divmod(abs(microseconds), 1_000_000)
    return f"{'-' if microseconds < 0 else ''}{seconds}.{rest:06d}"


def timedelta_from(text: Any, _: object = timedelta) -> timedelta:
    """Microseconds, from decimal seconds."""
    found = _SECONDS.fullmatch(text)
    if found is None:
        raise Unstorable("is not a number of seconds with at most six decimals")
    sign, seconds, rest = found.groups(default="")
    microseconds = int(seconds) * 1_000_000 + int(rest.ljust(6, "0"))
    return timedelta(microseconds=-microseconds if sign else microseconds)


def decimal_text(value: object) -> str:
    """The exact digits, trailing zeros included. NaN and Infinity are no amounts."""
    if not isinstance(value, Decimal):
        raise mismatch(value, "Decimal")
    if not value.is_finite():
        raise Unstorable("is not a finite number")
    return str(value)


def decimal_from(text: Any, _: object = Decimal) -> Decimal:
    """A finite number from its digits; of a JSON number, as it is written."""
    value = Decimal(text) if type(text) is str else Decimal(str(text))
    if not value.is_finite():
        raise Unstorable("is not a finite number")
    return value


def uuid_text(value: object) -> str:
    """The usual 36 characters."""
    if not isinstance(value, UUID):
        raise mismatch(value, "UUID")
    return str(value)


def uuid_from(text: Any, _: object = UUID) -> UUID:
    """An id, from any way of writing one."""
    return UUID(text)


def date_from(text: Any, _: object = date) -> date:
    """A day, from ISO 8601."""
    return date.fromisoformat(text)


def time_from(text: Any, _: object = time) -> time:
    """A time of day, from ISO 8601."""
    return time.fromisoformat(text)


def bytes_text(value: object) -> str:
    """Standard base64."""
    if not isinstance(value, bytes):
        raise mismatch(value, "bytes")
    return b64encode(value).decode()


def bytes_from(text: Any, _: object = bytes) -> bytes:
    """Bytes from standard base64."""
    return b64decode(text, validate=True)


#: By class: to JSON, from JSON.
SCALARS: Final[dict[type, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]]] = {
    datetime: (datetime_text, datetime_from),
    date: (date_text, date_from),
    time: (time_text, time_from),
    timedelta: (timedelta_text, timedelta_from),
    UUID: (uuid_text, uuid_from),
    Decimal: (decimal_text, decimal_from),
    bytes: (bytes_text, bytes_from),
}

#: What JSON has itself; the same.
NATIVE: Final[dict[type, tuple[Callable[[Any], Any], Callable[..., Any]]]] = {
    str: (text, text_from),
    int: (integer, integer_from),
    float: (number, number_from),
    bool: (truth, truth_from),
}
