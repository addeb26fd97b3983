"""Finding the part of an object that cannot be stored; slow, and only after a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, get_args

import attrs

#: Steps after which the path is long enough to find the rest.
_DEEPEST: Final = 20

#: A step of the path, the value there and its declared type, None where nothing is declared.
Part = tuple[str, object, Any]
Problem = Callable[[object, Any], Exception | None]


def find_culprit(value: object, problem_of: Problem) -> tuple[str, Exception]:
    """Path to the smallest part that fails, like `lines[2].price`, and its error."""
    declared: Any = None
    error = problem_of(value, declared) or ValueError("cannot be stored")
    path = ""
    for _ in range(_DEEPEST):
        failing = next(_failing(value, declared, problem_of), None)
        if failing is None:
            break
        (step, value, declared), error = failing
        path += step
    return path.removeprefix(".") or "it", error


def _failing(value: object, declared: Any, problem_of: Problem) -> Iterator[tuple[Part, Exception]]:
    for part in _parts(value, get_args(declared)):
        error = problem_of(part[1], part[2])
        if error is not None:
            yield part, error


def _parts(value: Any, arguments: tuple[Any, ...]) -> Iterator[Part]:
    cls: type[Any] = value.__class__
    if attrs.has(cls):
        for field in attrs.fields(cls):
            declared = None if isinstance(field.type, str) else field.type
            yield f".{field.name}", getattr(value, field.name), declared
    elif issubclass(cls, Mapping):
        # a key may be anybody's data, so the place in the mapping is named instead
        for n, part in enumerate(value.values()):
            yield f"[value {n}]", part, arguments[1] if len(arguments) > 1 else None
    elif issubclass(cls, list | tuple | AbstractSet):
        for n, part in enumerate(value):
            yield f"[{n}]", part, arguments[0] if len(arguments) == 1 else None
