"""Unions: the member is found by the class of the object, and again by the shape of the JSON.

Several attrs classes are told apart by a tag. Two other members of one shape could not be
told apart when they are read, so such a union is refused at definition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, cast, get_args, is_typeddict

import attrs
from cattrs import Converter

from sourcery.codec.enums import plain_values
from sourcery.codec.hints import (
    NONE,
    Hook,
    bare,
    class_of,
    is_attrs,
    is_enum,
    is_flag,
    is_literal,
    members_of,
    reader,
    writer,
)
from sourcery.codec.plain import Unstorable
from sourcery.codec.scalars import SCALARS
from sourcery.errors import DefinitionError
from sourcery.events import tag_of

#: The key that holds the tag: the kind of an event class, else the name of the class.
TAG: Final = "_type"

#: JSON has one shape per class that its readers give.
_SHAPES: Final[dict[type, str]] = {
    str: "string",
    bool: "truth",
    int: "number",
    float: "number",
    list: "array",
    tuple: "array",
    dict: "object",
    NONE: "null",
}

_BY_CLASS: Final = _SHAPES | dict.fromkeys(SCALARS, "string")


def _shapes(converter: Converter, hint: Any) -> set[str]:
    """The shapes of JSON that a member is stored in."""
    cls: Any = class_of(hint)
    if is_literal(hint):
        return {_SHAPES[type(value)] for value in get_args(bare(hint))}
    if is_enum(hint):
        return {_SHAPES[type(value)] for value in plain_values(converter, hint).values()}
    if cls in _BY_CLASS:
        return {_BY_CLASS[cls]}
    if cls is None:
        raise DefinitionError(str(hint), "cannot be told from the other members of its union")
    return {_shape_of_family(hint, cls)}


def _shape_of_family(hint: Any, cls: type) -> str:
    if is_flag(hint):
        return "number"
    if is_attrs(hint) or is_typeddict(cls) or issubclass(cls, Mapping):
        return "object"
    if issubclass(cls, AbstractSet | Sequence):
        return "array"
    raise DefinitionError(cls.__qualname__, "cannot be told from the others of its union")


def _by_tag(union: Any) -> dict[str, Any]:
    """The attrs classes of a union by their tags."""
    tags: dict[str, Any] = {}
    for member in filter(is_attrs, members_of(union)):
        cls: Any = class_of(member)
        if tags.setdefault(tag_of(cls), member) is not member:
            raise DefinitionError(str(union), f"two classes have the tag {tag_of(cls)!r}")
        if any(field.name == TAG for field in attrs.fields(cls)):
            raise DefinitionError(cls.__qualname__, f"has a field of the name of the tag, {TAG!r}")
    return tags


def _by_shape(converter: Converter, union: Any) -> dict[str, Any]:
    """The members by their shapes; the attrs classes of one union share theirs."""
    found: dict[str, Any] = {}
    for member in members_of(union):
        for shape in _shapes(converter, member):
            other = found.setdefault(shape, member)
            numbers = {bare(other), bare(member)} == {int, float}
            if other is not member and not (numbers or (is_attrs(other) and is_attrs(member))):
                both = f"{_name(other)} and {_name(member)}"
                raise DefinitionError(str(union), f"{both} look alike as JSON: use a class for one")
    return found


def _name(hint: Any) -> str:
    return hint.__qualname__ if isinstance(hint, type) else str(hint)


def union_to_plain(converter: Converter) -> Callable[[Any], Hook]:
    """Write with the hook of the object's class, and add the tag where several have one."""

    def factory(union: Any) -> Hook:
        _by_shape(converter, union)
        tags = _by_tag(union)
        hooks = {_runtime_class(m): writer(converter, m) for m in members_of(union)}
        if len(tags) > 1:
            hooks |= {class_of(m): _tagging(tag, writer(converter, m)) for tag, m in tags.items()}
        optional = NONE in get_args(bare(union))

        def write(value: Any) -> Any:
            if value is None and optional:
                return None
            hook = hooks.get(type(value)) or _related(hooks, value)
            return hook(value)

        return write

    return factory


def _runtime_class(member: Any) -> Any:
    if not is_literal(member):
        return class_of(member)
    value: object = get_args(bare(member))[0]
    return type(value)


def _related(hooks: Mapping[Any, Hook], value: object) -> Hook:
    """The hook of a base class; never of an attrs class, whose hook would refuse it."""
    for cls, hook in hooks.items():
        if isinstance(value, cls) and not attrs.has(cls):
            return hook
    if type(value) is int and float in hooks:
        return hooks[float]
    raise Unstorable(f"is of class {type(value).__name__}, which the union does not name")


def _tagging(tag: str, hook: Hook) -> Hook:
    def write(value: Any) -> dict[str, Any]:
        fields: dict[str, Any] = hook(value)
        return {TAG: tag} | fields

    return write


def optional_from_plain(converter: Converter) -> Callable[[Any], Hook]:
    """None, or by the hook of the one type there is."""

    def factory(hint: Any) -> Hook:
        (member,) = members_of(hint)
        hook = reader(converter, member)

        def read(data: Any, _: Any) -> Any:
            return None if data is None else hook(data, member)

        return read

    return factory


def union_from_plain(converter: Converter) -> Callable[[Any], Hook]:
    """Choose the member by the shape, an attrs class by the tag."""

    def factory(union: Any) -> Hook:
        shapes = {
            shape: (member, reader(converter, member))
            for shape, member in _by_shape(converter, union).items()
        }
        tags = {tag: (m, reader(converter, m)) for tag, m in _by_tag(union).items()}
        numbers = {int, float} <= {bare(member) for member in members_of(union)}
        optional = NONE in get_args(bare(union))

        def read(data: Any, _: Any) -> Any:
            if data is None and optional:
                return None
            shape = _shape_of(data)
            if shape == "number" and numbers:
                return data
            if shape == "object" and len(tags) > 1:
                return _tagged(tags, cast("dict[str, Any]", data))
            if shape not in shapes:
                raise Unstorable("is no member of its union")
            member, hook = shapes[shape]
            return hook(data, member)

        return read

    return factory


def _shape_of(data: Any) -> str:
    return _SHAPES.get(cast("object", data).__class__, "")


def _tagged(tags: Mapping[str, tuple[Any, Hook]], data: dict[str, Any]) -> Any:
    tag = data.get(TAG)
    if not isinstance(tag, str) or tag not in tags:
        raise Unstorable(f"has no known {TAG}")
    member, hook = tags[tag]
    return hook({key: value for key, value in data.items() if key != TAG}, member)
