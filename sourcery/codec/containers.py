"""Sets, enums and mappings: hooks for the converter."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any, get_args, get_origin

from cattrs import Converter

#: To JSON, and from JSON to a type.
Write = Callable[[Any], Any]
Read = Callable[[Any, Any], Any]


def is_set(cls: Any) -> bool:
    """Whether a type is a set or frozenset, with or without its item."""
    origin = get_origin(cls) or cls
    return isinstance(origin, type) and issubclass(origin, AbstractSet)


def is_enum(cls: Any) -> bool:
    """Whether a type is an enumeration."""
    return isinstance(cls, type) and issubclass(cls, Enum)


def is_mapping(cls: Any) -> bool:
    """Whether a type is a dict or mapping."""
    origin = get_origin(cls) or cls
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def set_to_list(converter: Converter) -> Callable[[Any], Write]:
    """Sorted, so that one set is always the same text."""

    def factory(cls: Any) -> Write:
        items = get_args(cls)
        item = converter.get_unstructure_hook(items[0]) if items else converter.unstructure
        return lambda value: sorted(map(item, value), key=_text)

    return factory


def enum_to_value(converter: Converter) -> Callable[[Any], Write]:
    """The member's value, itself as JSON."""
    return lambda cls: lambda member: converter.unstructure(member.value)


def enum_from_value(converter: Converter) -> Callable[[Any], Read]:
    """The member whose value reads as the JSON."""

    def factory(cls: Any) -> Read:
        members = {_text(converter.unstructure(member.value)): member for member in cls}

        def read(value: Any, _: Any) -> Any:
            try:
                return members[_text(value)]
            except KeyError:
                raise ValueError(f"is no value of {cls.__name__}") from None

        return read

    return factory


def _key_text(key: Any) -> str:
    """JSON's keys are strings; 1 and "1" in one dict would become one key, so int keys need
    a typed dict.
    """
    if not isinstance(key, str):
        raise ValueError("has a key that is not a str: say dict[int, ...] for other keys")  # noqa: TRY004 - told apart by its text, not its class
    return key


def mapping_to_dict(converter: Converter) -> Callable[[Any], Write]:
    """Keys of typed mappings as text."""

    def factory(cls: Any) -> Write:
        arguments = get_args(cls)
        if len(arguments) != 2 or arguments[0] in (str, Any):  # noqa: PLR2004 - key and value
            return _plain_keys(converter, arguments)
        key = converter.get_unstructure_hook(arguments[0])
        value = converter.get_unstructure_hook(arguments[1])
        return lambda mapping: {str(key(k)): value(v) for k, v in mapping.items()}

    return factory


def _plain_keys(converter: Converter, arguments: tuple[Any, ...]) -> Write:
    value = converter.get_unstructure_hook(arguments[1]) if arguments else converter.unstructure
    return lambda mapping: {_key_text(k): value(v) for k, v in mapping.items()}


def is_enum_keyed(cls: Any) -> bool:
    """Whether a mapping's keys are members of an enumeration."""
    return is_mapping(cls) and bool(get_args(cls)) and is_enum(get_args(cls)[0])


def enum_keyed_from_dict(converter: Converter) -> Callable[[Any], Read]:
    """Members found by the text of their value."""

    def factory(cls: Any) -> Read:
        enum, of_values = get_args(cls)
        members = {str(converter.unstructure(member.value)): member for member in enum}
        value = converter.get_structure_hook(of_values)
        return lambda data, _: {members[k]: value(v, of_values) for k, v in data.items()}

    return factory
