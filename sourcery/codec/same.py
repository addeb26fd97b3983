"""Whether an object that was read back is what was written, to the last object in it.

JSON knows of no classes, no sharing and no time zones, and reading a class runs its converters
again. A state is compared with what becomes of it before it is trusted as a snapshot.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, time
from functools import cached_property
from typing import Any, Final

import attrs
from attrs import define, field

#: Classes whose values are what they say: one more reference to them changes nothing.
_PLAIN: Final = (str, bytes, int, float, bool, type(None))


def difference(written: object, read: object) -> tuple[str, str] | None:
    """Path and problem of the first difference, None when there is none."""
    return _Comparison().of(written, read, "")


@define
class _Comparison:
    #: Path of each object that was met, by its identity.
    _met: dict[int, str] = field(factory=dict[int, str])

    def of(self, a: Any, b: Any, path: str) -> tuple[str, str] | None:
        cls = a.__class__
        if cls is not b.__class__:
            return path, f"is a {cls.__qualname__} and would come back as a {_name(b)}"
        if isinstance(a, _PLAIN):
            return None if a == b or (a != a and b != b) else (path, _OTHER)  # noqa: PLR0124 - NaN
        if isinstance(a, datetime | time):
            return _of_time(a, b, path)
        if not _has_parts(a):
            return None if a == b else (path, _OTHER)
        return self._shared(a, path) or self._parts(a, b, path)

    def _shared(self, a: Any, path: str) -> tuple[str, str] | None:
        """Of one object in two places two would come back, and only one of them would change."""
        if not _is_mutable(a):
            return None
        if id(a) in self._met:
            where = self._met[id(a)] or "the whole"
            return path, f"is the same object as {where}, and would come back as another"
        self._met[id(a)] = path
        return None

    def _parts(self, a: Any, b: Any, path: str) -> tuple[str, str] | None:
        if _is_set(a):
            same = len(a) == len(b) and sorted(map(_typed, a)) == sorted(map(_typed, b))
            return None if same else (path, _OTHER)
        ours, theirs = dict(_parts_of(a, path)), dict(_parts_of(b, path))
        for inner, value in ours.items():
            if inner not in theirs:
                return inner, "would not come back"
            if found := self.of(value, theirs[inner], inner):
                return found
        return None if list(ours) == list(theirs) else (path, _OTHER)


_OTHER: Final = "would come back with another value"


def _of_time(a: Any, b: Any, path: str) -> tuple[str, str] | None:
    if a != b or a.fold != b.fold or repr(a.tzinfo) != repr(b.tzinfo):
        problem = f"has the time zone {a.tzinfo}, of which only the offset would come back: use UTC"
        return path, problem if a == b else _OTHER
    return None


def _has_parts(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple | AbstractSet) or _is_record(value)


def _is_set(value: object) -> bool:
    return isinstance(value, AbstractSet)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence)


def _is_record(value: Any) -> bool:
    return attrs.has(value.__class__) or dataclasses.is_dataclass(value)


def _is_mutable(value: Any) -> bool:
    if isinstance(value, tuple | frozenset):
        return False
    hashes: Any = value.__class__.__hash__
    return not (_is_record(value) and hashes is not None)


def _parts_of(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if _is_mapping(value):
        # whatever a key is, it comes back as one of its class or not at all
        for number, (key, item) in enumerate(value.items()):
            yield f"{path}[key {number}]", key
            yield f"{path}[{key!r:.40}]", item
    elif _is_sequence(value):
        yield from ((f"{path}[{number}]", item) for number, item in enumerate(value))
    else:
        for name in _names(value):
            yield (f"{path}.{name}" if path else name), getattr(value, name)


def _names(value: Any) -> list[str]:
    """Its fields, and what else it was given, but for what it would work out again."""
    cls = value.__class__
    fields = attrs.fields(cls) if attrs.has(cls) else dataclasses.fields(value)
    names = [f.name for f in fields]
    more = set(getattr(value, "__dict__", ())) - set(names)
    return names + sorted(n for n in more if not isinstance(getattr(cls, n, None), cached_property))


def _typed(value: Any) -> tuple[str, str]:
    return value.__class__.__qualname__, repr(value)


def _name(value: Any) -> str:
    return str(value.__class__.__qualname__)
