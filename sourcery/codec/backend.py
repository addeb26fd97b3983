"""JSON text: orjson where it is installed, else the standard library, with one result.

Both get plain values only: `converter` has checked numbers and turned the rest into text.
Text nested deeper than anything we write is read by one and perhaps not by the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

from attrs import frozen

from sourcery.codec.plain import check_float, check_plain


@frozen
class Backend:
    """One JSON library."""

    name: str
    #: Compact UTF-8.
    dumps: Callable[[Any], bytes]
    loads: Callable[[str | bytes], Any]


def _std_dumps(plain: Any) -> bytes:
    check_plain(plain)
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _float(digits: str) -> float:
    value = float(digits)
    check_float(value)
    return value


def _int(digits: str) -> int | float:
    """As orjson reads it: a number beyond 64 bits, which we never write, is a float."""
    value = int(digits)
    return value if -(2**63) <= value < 2**64 else _float(digits)


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_float, parse_int=_int)


def _std_loads(text: str | bytes) -> Any:
    decoded = text if isinstance(text, str) else text.decode()
    plain = _DECODER.decode(decoded)
    if "\\u" in decoded:
        # an escape may stand for half a character
        json.dumps(plain, ensure_ascii=False).encode()
    return plain


STANDARD = Backend("json", _std_dumps, _std_loads)


def orjson_backend() -> Backend | None:
    """The backend over orjson, None when it is not installed."""
    try:
        import orjson
    except ImportError:
        return None
    option = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    write = orjson.dumps

    def dumps(plain: Any) -> bytes:
        text = write(plain, option=option)
        if b"null" in text:
            # that is how orjson writes NaN, too
            check_plain(plain)
        return text

    return Backend("orjson", dumps, orjson.loads)


def default_backend() -> Backend:
    """The fastest one that is installed."""
    return orjson_backend() or STANDARD
