"""Headers of messages, as they are stored."""

from __future__ import annotations

import json
from typing import Any, Final, cast

_NO_HEADERS: Final = "{}"


def headers_of(text: str | bytes) -> dict[str, str]:
    """Headers as they are stored. Raises `ValueError` or `RecursionError` for damaged ones."""
    if text == _NO_HEADERS:
        return {}
    headers: object = json.loads(text)
    if not isinstance(headers, dict):
        raise ValueError("its headers are no object")  # noqa: TRY004 - of a stored text
    if not all(isinstance(value, str) for value in cast("dict[str, Any]", headers).values()):
        raise ValueError("a header of it is no text")
    made = cast("dict[str, str]", headers)
    "".join([*made, *made.values()]).encode()  # JSON may hold half of a character
    return made
