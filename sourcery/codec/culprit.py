"""Finding the part of an object that cannot be stored; slow, and only after a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any, Final, cast, get_args

import attrs

from sourcery.codec.hints import bare, class_of, is_union, members_of

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
    for part in _parts(value, declared):
        error = problem_of(part[1], part[2])
        if error is not None:
            yield part, error


def _parts(value: object, declared: Any) -> Iterator[Part]:
    arguments = _arguments(value, declared)
    if attrs.has(value.__class__):
        yield from _fields(value)
    elif isinstance(value, Mapping):
        # a key may be anybody's data, so the place in the mapping is named instead
        of_values = arguments[1:2] or (None,)
        for n, part in enumerate(cast("Mapping[object, object]", value).values()):
            yield f"[value {n}]", part, of_values[0]
    elif isinstance(value, list | tuple | AbstractSet):
        each = len(arguments) == 1 or arguments[1:] == (Ellipsis,)
        for n, part in enumerate(cast("Iterable[Any]", value)):
            yield f"[{n}]", part, arguments[0] if each else (*arguments, *[None] * (n + 1))[n]


def _fields(value: object) -> Iterator[Part]:
    cls: Any = value.__class__
    with suppress(NameError):  # then by the class of the value
        attrs.resolve_types(cls)
    for field in attrs.fields(cls):
        if field.init:
            declared = None if isinstance(field.type, str) else field.type
            yield f".{field.name}", getattr(value, field.name), declared


def _arguments(value: object, declared: Any) -> tuple[Any, ...]:
    """The arguments of the declared container, or of the member of a union that fits."""
    members = members_of(declared) if is_union(declared) else [declared]
    for member in members:
        cls = class_of(member)
        if cls is not None and isinstance(value, cls):
            return get_args(bare(member))
    return ()
