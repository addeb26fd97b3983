"""Plain values: what JSON holds faithfully, and the refusal of everything else."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Final, cast

_INT_LIMIT: Final = 2**63
#: Levels of nesting that are stored: orjson's limit, kept by both backends.
DEEPEST: Final = 254


class Unstorable(ValueError):
    """Our own refusal. Its text holds no value of the data, so that errors may quote it."""


def mismatch(value: object, expected: str) -> Unstorable:
    """The refusal of an object of another class than the field declares."""
    return Unstorable(f"is of class {type(value).__name__} where {expected} is declared")


def require(value: object, classes: type | tuple[type, ...], expected: str) -> None:
    """Refuse an object of another class."""
    if not isinstance(value, classes):
        raise mismatch(value, expected)


def check_int(value: int) -> None:
    """Readers of JSON lose digits beyond 64 bits."""
    if not -_INT_LIMIT <= value < _INT_LIMIT:
        raise Unstorable("is an int beyond 64 bits: use a Decimal or a str")


def check_float(value: float) -> None:
    """JSON has no NaN and no infinity; orjson would write null."""
    if not isfinite(value):
        raise Unstorable("is not a finite number")


def check_plain(value: object, depth: int = 0) -> None:
    """Refuse what one of the backends would write differently, or not at all."""
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, dict):
        _check_items(cast("Iterable[object]", value.values()), depth)
    elif isinstance(value, list | tuple):
        _check_items(cast("Iterable[object]", value), depth)
    elif isinstance(value, int):
        check_int(value)
    elif isinstance(value, float):
        check_float(value)
    else:
        raise Unstorable("is of a type that JSON cannot hold")


def _check_items(items: Iterable[object], depth: int) -> None:
    if depth >= DEEPEST:
        raise Unstorable("is nested too deeply")
    for item in items:
        check_plain(item, depth + 1)
