"""Lists, tuples, sets and mappings: hooks for the converter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NewType, get_args
from uuid import UUID

from cattrs import Converter

from sourcery.codec.enums import enum_keys, json_text
from sourcery.codec.hints import (
    Hook,
    bare,
    class_of,
    is_enum,
    is_literal,
    is_mapping,
    reader,
    writer,
)
from sourcery.codec.plain import Unstorable, mismatch, require
from sourcery.codec.scalars import integer, text
from sourcery.errors import DefinitionError

_KEYS: Final = (str, int, UUID, Decimal, date, datetime, time, timedelta, bytes)


def _item(converter: Converter, hint: Any) -> Hook:
    items = get_args(bare(hint))
    return writer(converter, items[0] if items else Any)


def list_to_list(converter: Converter) -> Callable[[Any], Hook]:
    """Item by item; a str is no list of its characters."""

    def factory(hint: Any) -> Hook:
        item = _item(converter, hint)

        def write(value: Any) -> list[Any]:
            require(value, (list, tuple), "list")
            return [item(part) for part in value]

        return write

    return factory


def tuple_to_list(converter: Converter) -> Callable[[Any], Hook]:
    """Each place by its own hook; one too many would be lost."""

    def factory(hint: Any) -> Hook:
        items = [writer(converter, item) for item in get_args(bare(hint))]

        def write(value: Any) -> list[Any]:
            require(value, tuple, "tuple")
            if len(value) != len(items):
                raise Unstorable(f"has {len(value)} items where {len(items)} are declared")
            return [item(part) for item, part in zip(items, value, strict=True)]

        return write

    return factory


def set_to_list(converter: Converter) -> Callable[[Any], Hook]:
    """Sorted, so that one set is always the same text."""

    def factory(hint: Any) -> Hook:
        item = _item(converter, hint)

        def write(value: Any) -> list[Any]:
            require(value, AbstractSet, "set")
            return sorted(map(item, value), key=json_text)

        return write

    return factory


def mapping_to_dict(converter: Converter) -> Callable[[Any], Hook]:
    """Keys as text. In an untyped dict they are str: 1 and "1" would become one."""

    def factory(hint: Any) -> Hook:
        arguments = get_args(bare(hint))
        key = _key_writer(converter, arguments[0]) if arguments else _untyped_key
        typed = len(arguments) == 2  # noqa: PLR2004 - a Counter has only keys
        value = writer(converter, arguments[1] if typed else Any)

        def write(mapping: Any) -> dict[str, Any]:
            require(mapping, Mapping, "dict")
            return {key(k): value(v) for k, v in mapping.items()}

        return write

    return factory


def _untyped_key(key: Any) -> str:
    if not isinstance(key, str):
        raise Unstorable("has a key that is not a str: say dict[int, ...] for other keys")
    return text(key)


def _key_writer(converter: Converter, hint: Any) -> Hook:
    cls = bare(hint)
    if cls in (str, Any, object):
        return _untyped_key
    if is_literal(cls) and all(isinstance(value, str) for value in get_args(cls)):
        return _untyped_key
    if is_enum(cls):
        return _enum_key_writer(enum_keys(converter, cls), cls)
    if cls not in _KEYS:
        problem = "are str, int, an Enum, UUID, Decimal, bytes, or a date or time"
        raise DefinitionError("keys of a dict", problem)
    write: Hook = converter.get_unstructure_hook(cls)
    return _int_key if cls is int else write


def _int_key(key: object) -> str:
    return str(integer(key))


def _enum_key_writer(members: Mapping[str, Any], cls: type) -> Hook:
    texts = {member: key for key, member in members.items()}

    def write(key: Any) -> str:
        if not isinstance(key, cls):
            raise mismatch(key, f"a key {cls.__name__}")
        return texts[key]

    return write


def array_only(read: Hook) -> Hook:
    """Read nothing but an array, of which JSON makes a list."""

    def read_array(data: Any, hint: Any) -> Any:
        if type(data) is not list:
            raise mismatch(data, "list")
        return read(data, hint)

    return read_array


#: A whole number as it stands in a key: in JSON that is text.
IntKey = NewType("IntKey", int)


def int_key_from(key: str, _: object = IntKey) -> int:
    """Written as we write it, so that no two keys become one."""
    number = int(key)
    if str(number) != key:
        raise Unstorable("has a key that is no whole number")
    return number


def is_int_keyed(hint: Any) -> bool:
    """Whether a mapping's keys are whole numbers."""
    keys = get_args(bare(hint))[:1]
    return is_mapping(hint) and any(bare(key) is int and key is not IntKey for key in keys)


def int_keyed_from_dict(converter: Converter) -> Callable[[Any], Hook]:
    """As any mapping is read, but for its keys."""

    def factory(hint: Any) -> Hook:
        keyed = class_of(hint)[(IntKey, *get_args(bare(hint))[1:])]
        read = reader(converter, keyed)

        def read_keyed(data: Any, _: Any) -> Any:
            return read(data, keyed)

        return read_keyed

    return factory


def is_enum_keyed(hint: Any) -> bool:
    """Whether a mapping's keys are members of an enumeration."""
    keys = get_args(bare(hint))[:1]
    return class_of(hint) is dict and any(map(is_enum, keys))


def enum_keyed_from_dict(converter: Converter) -> Callable[[Any], Hook]:
    """Members found by the text of their value."""

    def factory(hint: Any) -> Hook:
        enum, of_values = get_args(bare(hint))
        members, value = enum_keys(converter, enum), reader(converter, of_values)

        def read(data: Any, _: Any) -> dict[Any, Any]:
            if not data.keys() <= members.keys():
                raise Unstorable(f"has a key that is no value of {enum.__name__}")
            return {members[k]: value(v, of_values) for k, v in data.items()}

        return read

    return factory
