"""Unions of attrs classes: each object carries the tag of its class."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, Final, Union, cast, get_args, get_origin

import attrs
from cattrs import Converter

from sourcery.errors import DefinitionError
from sourcery.events import tag_of

#: The key that holds the tag: the kind of an event class, else the name of the class.
TAG: Final = "_type"
_NONE = type(None)


def is_tagged(cls: Any) -> bool:
    """Whether a type is a union of two or more attrs classes, None apart."""
    if get_origin(cls) not in (Union, types.UnionType):
        return False
    members = _members(cls)
    return len(members) > 1 and all(isinstance(m, type) and attrs.has(m) for m in members)


def _members(union: Any) -> list[Any]:
    return [member for member in get_args(union) if member is not _NONE]


def _by_tag(union: Any) -> dict[str, type[Any]]:
    tags: dict[str, type[Any]] = {}
    for cls in _members(union):
        if tags.setdefault(tag_of(cls), cls) is not cls:
            raise DefinitionError(str(union), f"two classes have the tag {tag_of(cls)!r}")
    return tags


def to_tagged(converter: Converter) -> Callable[[Any], Callable[..., Any]]:
    """Add the tag to the object."""

    def factory(union: Any) -> Callable[..., Any]:
        hooks = {
            cls: (tag, converter.get_unstructure_hook(cls)) for tag, cls in _by_tag(union).items()
        }

        def write(value: Any) -> Any:
            if value is None:
                return None
            if type(value) not in hooks:
                raise ValueError("is an object of a class that the union does not name")
            tag, hook = hooks[type(value)]
            return {TAG: tag} | hook(value)

        return write

    return factory


def from_tagged(converter: Converter) -> Callable[[Any], Callable[..., Any]]:
    """Choose the class by the tag."""

    def factory(union: Any) -> Callable[..., Any]:
        hooks = {
            tag: (cls, converter.get_structure_hook(cls)) for tag, cls in _by_tag(union).items()
        }
        optional = _NONE in get_args(union)

        def read(data: Any, _: Any) -> Any:
            if data is None and optional:
                return None
            tagged = cast(dict[str, Any], data)
            try:
                cls, hook = hooks[tagged[TAG]]
            except (KeyError, TypeError):
                raise ValueError(f"has no known {TAG}") from None
            return hook({key: tagged[key] for key in tagged if key != TAG}, cls)

        return read

    return factory
