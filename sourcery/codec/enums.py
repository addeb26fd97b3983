"""Enumerations, by the value of the member: hooks for the converter."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import Enum, Flag
from typing import Any, get_args

from cattrs import Converter

from sourcery.codec.hints import Hook, bare, class_of
from sourcery.codec.plain import Unstorable, check_plain, mismatch
from sourcery.codec.scalars import integer, integer_from
from sourcery.errors import DefinitionError


def plain_values(converter: Converter, hint: Any) -> dict[Any, Any]:
    """The JSON of each member's value."""
    cls: Any = class_of(hint)
    plain: dict[Any, Any] = {}
    for member in cls:
        try:
            plain[member] = converter.unstructure(member.value)
            check_plain(plain[member])
        except Unstorable as error:
            raise DefinitionError(cls.__qualname__, f"the value of {member.name} {error}") from None
    return plain


def _by_text(plain: dict[Any, Any], text_of: Callable[[Any], str]) -> dict[str, Any]:
    """Members by a text; two of one text could not be told apart."""
    members: dict[str, Any] = {}
    for member, value in plain.items():
        if members.setdefault(text_of(value), member) is not member:
            both = f"{members[text_of(value)].name} and {member.name}"
            raise DefinitionError(type(member).__qualname__, f"{both} are stored alike")
    return members


def json_text(value: Any) -> str:
    """One text for equal JSON."""
    return json.dumps(value, sort_keys=True)


def enum_to_value(converter: Converter) -> Callable[[Any], Hook]:
    """The member's value, itself as JSON."""

    def factory(hint: Any) -> Hook:
        cls: Any = class_of(hint)
        plain = {member.name: value for member, value in plain_values(converter, cls).items()}

        def write(member: Enum) -> Any:
            if not isinstance(member, cls):
                raise mismatch(member, cls.__name__)
            return plain[member.name]

        return write

    return factory


def enum_from_value(converter: Converter) -> Callable[[Any, Any], Any]:
    """The member whose value reads as the JSON; of a flag, the combination."""
    readers: dict[Any, Callable[[Any], Any]] = {}

    def read(value: Any, cls: Any) -> Any:
        if cls not in readers:
            of_numbers = issubclass(cls, Flag)
            readers[cls] = _flag_reader(cls) if of_numbers else _member_reader(converter, cls)
        return readers[cls](value)

    return read


def _flag_reader(cls: Any) -> Callable[[Any], Any]:
    return lambda value: cls(integer_from(value))


def _member_reader(converter: Converter, cls: Any) -> Callable[[Any], Any]:
    plain = plain_values(converter, cls)
    members = _by_text(plain, json_text)
    strings = {value: member for member, value in plain.items() if isinstance(value, str)}

    def read(value: Any) -> Any:
        if type(value) is str and value in strings:
            return strings[value]
        try:
            return members[json_text(value)]
        except KeyError:
            raise Unstorable(f"is no value of {cls.__name__}") from None

    return read


def _literals(converter: Converter, hint: Any) -> dict[str, Any]:
    """The values that a hint lists, by their JSON, in which 1 is neither 1.0 nor true."""
    return {json_text(converter.unstructure(value)): value for value in get_args(bare(hint))}


def literal_to_value(converter: Converter) -> Callable[[Any], Hook]:
    """One of the values that are listed."""

    def factory(hint: Any) -> Hook:
        listed = _literals(converter, hint)
        strings = {value for value in listed.values() if type(value) is str}

        def write(value: Any) -> Any:
            if type(value) is str and value in strings:
                return value
            plain = converter.unstructure(value)
            if json_text(plain) not in listed:
                raise Unstorable("is none of the values that its Literal lists")
            return plain

        return write

    return factory


def literal_from_value(converter: Converter) -> Callable[[Any], Hook]:
    """The same, read back."""

    def factory(hint: Any) -> Hook:
        listed = _literals(converter, hint)
        strings = {value for value in listed.values() if type(value) is str}

        def read(value: Any, _: Any) -> Any:
            if type(value) is str and value in strings:
                return value
            try:
                return listed[json_text(value)]
            except KeyError:
                raise Unstorable("is none of the values that its Literal lists") from None

        return read

    return factory


def flag_to_value(_: Converter) -> Callable[[Any], Hook]:
    """The combined number."""

    def factory(hint: Any) -> Hook:
        cls: Any = class_of(hint)

        def write(member: Any) -> int:
            if not isinstance(member, cls):
                raise mismatch(member, cls.__name__)
            return integer(member.value)

        return write

    return factory


def enum_keys(converter: Converter, hint: Any) -> dict[str, Any]:
    """Members by their text as a key."""

    def text_of(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise DefinitionError(class_of(hint).__qualname__, "only str and int values make keys")
        return str(value)

    return _by_text(plain_values(converter, hint), text_of)
