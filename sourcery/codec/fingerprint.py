"""A short text that changes when the stored shape of a class does.

Field names and types, in order and through nested classes, as the converter sees them; not
defaults, methods or modules. `Optional[int]` and `int | None` are one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final, get_args, get_origin, get_type_hints, is_typeddict

import attrs

from sourcery.codec.hints import bare, class_of, is_attrs, is_enum, is_flag, is_literal, is_union

#: Characters of the result: 64 bits.
_LENGTH: Final = 16


def fingerprint(cls: type[Any], *more: str) -> str:
    """Hexadecimal digits for the shape of a class, and of what else counts.

    Raises `NameError` while an annotation names nothing yet.
    """
    text = "\n".join([_Shape().of(cls), *more])
    return sha256(text.encode()).hexdigest()[:_LENGTH]


class _Shape:
    """One walk; a class that was described is named the second time."""

    def __init__(self) -> None:
        self._seen: set[Any] = set()

    def of(self, hint: Any) -> str:
        """A hint as canonical text."""
        hint = bare(hint)
        if is_literal(hint):
            return f"Literal[{', '.join(map(repr, get_args(hint)))}]"
        if is_union(hint):
            return " | ".join(sorted({self.of(member) for member in get_args(hint)}))
        if get_origin(hint) is not None:
            inner = ", ".join(self._argument(a) for a in get_args(hint))
            return f"{self._class(class_of(hint))}[{inner}]"
        return self._class(hint) if isinstance(hint, type) else str(hint)

    def _argument(self, argument: Any) -> str:
        return "..." if argument is Ellipsis else self.of(argument)

    def _class(self, cls: Any) -> str:
        name: str = cls.__qualname__
        if cls in self._seen:
            return name
        self._seen.add(cls)
        inside = ", ".join(self._members(cls))
        return f"{name}({inside})" if inside else name

    def _members(self, cls: Any) -> Iterator[str]:
        if is_enum(cls) or is_flag(cls):
            yield from (f"{name}={member.value!r}" for name, member in cls.__members__.items())
        elif is_attrs(cls):
            attrs.resolve_types(cls)
            yield from (f"{f.name}: {self.of(f.type)}" for f in attrs.fields(cls))
        elif dataclasses.is_dataclass(cls) or is_typeddict(cls) or _is_named_tuple(cls):
            hints = get_type_hints(cls)
            yield from (f"{name}: {self.of(hint)}" for name, hint in hints.items())


def _is_named_tuple(cls: type[Any]) -> bool:
    return hasattr(cls, "_fields") and issubclass(cls, tuple)
