"""Questions to a type hint, asked by the hooks and by the check of definitions."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum, Flag
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, is_typeddict

import attrs
from cattrs import Converter

Hook = Callable[..., Any]
NONE: Final = type(None)


def bare(hint: Any) -> Any:
    """What stands behind NewType, Annotated and `type X = ...`."""
    while True:
        if hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif get_origin(hint) is Annotated:
            hint = get_args(hint)[0]
        elif hasattr(hint, "__value__"):
            hint = hint.__value__
        else:
            return hint


def class_of(hint: Any) -> Any:
    """`dict` of `dict[str, int]`; None where there is no class, as of a union."""
    hint = bare(hint)
    found = get_origin(hint) or hint
    # Any is a class since Python 3.11
    return found if isinstance(found, type) and found is not Any else None


def is_union(hint: Any) -> bool:
    """Whether a hint is a union, None included."""
    return get_origin(bare(hint)) in (Union, types.UnionType)


def members_of(union: Any) -> list[Any]:
    """The members of a union, None apart."""
    return [member for member in get_args(bare(union)) if member is not NONE]


def is_choice(hint: Any) -> bool:
    """Whether a hint is a union of two or more, None apart."""
    return is_union(hint) and len(members_of(hint)) > 1


def is_optional(hint: Any) -> bool:
    """Whether a hint is one type or None."""
    return is_union(hint) and len(members_of(hint)) == 1


def is_attrs(hint: Any) -> bool:
    """Whether a hint is an attrs class, with or without arguments."""
    cls = class_of(hint)
    return cls is not None and attrs.has(cls)


def is_dataclass(hint: Any) -> bool:
    """Whether a hint is a class of `dataclasses`, with or without arguments."""
    cls = class_of(hint)
    return cls is not None and dataclasses.is_dataclass(cls)


def is_set(hint: Any) -> bool:
    """Whether a hint is a set or frozenset, with or without its item."""
    cls = class_of(hint)
    return cls is not None and issubclass(cls, AbstractSet)


def is_list(hint: Any) -> bool:
    """Whether a hint is a list."""
    return class_of(hint) is list


def is_fixed_tuple(hint: Any) -> bool:
    """Whether a hint is a tuple of so many places."""
    items = get_args(bare(hint))
    return class_of(hint) is tuple and bool(items) and Ellipsis not in items


def is_enum(hint: Any) -> bool:
    """Whether a hint is an enumeration, flags apart."""
    cls = class_of(hint)
    return cls is not None and issubclass(cls, Enum) and not issubclass(cls, Flag)


def is_flag(hint: Any) -> bool:
    """Whether a hint is an enumeration whose members combine."""
    cls = class_of(hint)
    return cls is not None and issubclass(cls, Flag)


def is_array(hint: Any) -> bool:
    """Whether JSON has an array of it: a list, tuple, set, and whatever else holds items."""
    cls = class_of(hint)
    if cls is None or is_attrs(hint) or is_dataclass(hint) or is_typeddict(cls):
        return False
    return issubclass(cls, Collection) and not issubclass(cls, str | bytes | Mapping | Enum)


def is_mapping(hint: Any) -> bool:
    """Whether a hint is a dict or mapping of any keys; a TypedDict is not."""
    cls = class_of(hint)
    return cls is not None and issubclass(cls, Mapping) and not is_typeddict(hint)


def is_literal(hint: Any) -> bool:
    """Whether a hint lists values."""
    return get_origin(bare(hint)) is Literal


def writer(converter: Converter, hint: Any) -> Hook:
    """The hook that writes a hint; found later where a class contains itself."""
    try:
        found: Hook = converter.get_unstructure_hook(hint)
    except RecursionError:

        def later(value: Any) -> Any:
            return converter.unstructure(value, unstructure_as=hint)

        return later
    return found


def reader(converter: Converter, hint: Any) -> Hook:
    """The hook that reads a hint; found later where a class contains itself."""
    try:
        found: Hook = converter.get_structure_hook(hint)
    except RecursionError:
        return converter.structure
    return found
