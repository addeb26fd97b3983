"""JSON text: orjson where it is installed, else the standard library, with one result.

Both get plain values only: `converter` has checked numbers and turned the rest into text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from attrs import frozen


@frozen
class Backend:
    """One JSON library."""

    name: str
    #: Compact UTF-8.
    dumps: Callable[[Any], bytes]
    loads: Callable[[str | bytes], Any]


def _std_dumps(plain: Any) -> bytes:
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


STANDARD = Backend("json", _std_dumps, json.loads)


def orjson_backend() -> Backend | None:
    """The backend over orjson, None when it is not installed."""
    try:
        import orjson
    except ImportError:
        return None
    return Backend("orjson", orjson.dumps, orjson.loads)


def default_backend() -> Backend:
    """The fastest one that is installed."""
    return orjson_backend() or STANDARD
