"""Where stored data does not fit its class: the path, and the problem without any value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cattrs import Converter
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)

from sourcery.codec.hints import is_attrs
from sourcery.codec.plain import Unstorable

_Note = AttributeValidationNote | IterableValidationNote


def explain(detailed: Converter, cls: Any, data: Any) -> tuple[str, str]:
    """Read again with a detailed converter, and follow its first error to the bottom."""
    if is_attrs(cls) and not isinstance(data, dict):
        return "it", "is not a JSON object"
    try:
        detailed.structure(data, cls)
    except Exception as error:  # noqa: BLE001 - all that can be wrong with stored data
        return _locate(error, data, cls)
    return "it", "cannot be read"


def _locate(error: BaseException, data: Any, expected: Any) -> tuple[str, str]:
    path = ""
    while isinstance(error, BaseValidationError):
        if data.__class__ not in (dict, list):
            break
        error, note = _first(error)
        if note is None:
            break
        if isinstance(note, AttributeValidationNote) and _is_missing(error, note.name, data):
            return f"{path}.{note.name}".removeprefix("."), "is missing"
        step, data = _step(note, data)
        path, expected = path + step, note.type
    return path.removeprefix(".") or "it", _problem(error, expected)


def _is_missing(error: BaseException, name: str, data: Any) -> bool:
    return isinstance(error, KeyError) and name not in data


def _first(error: BaseValidationError) -> tuple[BaseException, _Note | None]:
    """The first error that has a place, else the first."""
    grouped: Sequence[tuple[BaseException, _Note]] = ()
    if isinstance(error, ClassValidationError | IterableValidationError):
        grouped = error.group_exceptions()[0]
    return grouped[0] if grouped else (error.exceptions[0], None)


def _step(note: _Note, data: Any) -> tuple[str, Any]:
    """A step of the path and the data there; None where the data has no such place."""
    members: dict[Any, Any] = data if data.__class__ is dict else {}
    if isinstance(note, AttributeValidationNote):
        return f".{note.name}", members.get(note.name)
    if members:
        # a key may be anybody's data, so the place in the mapping is named instead
        place = list(members).index(note.index) if note.index in members else 0
        return f"[value {place}]", members.get(note.index)
    items: list[Any] = data if data.__class__ is list else []
    return f"[{note.index}]", dict(enumerate(items)).get(int(note.index))


def _problem(error: BaseException, expected: Any) -> str:
    if isinstance(error, Unstorable):
        return str(error)
    if isinstance(error, ForbiddenExtraKeysError):
        return "has fields that the class does not have"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    name = expected.__name__ if isinstance(expected, type) else str(expected)
    cause = "" if isinstance(error, BaseValidationError) else f" ({type(error).__name__})"
    return f"does not fit {name}{cause}"
