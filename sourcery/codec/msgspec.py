"""The codec that reads faster: msgspec goes straight from text to an attrs class, where it may."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from importlib.util import find_spec
from operator import attrgetter
from typing import Any, Final, TypeVar, cast, get_args
from uuid import UUID

import attrs

from sourcery.codec.hints import bare, class_of, is_attrs, is_union, members_of
from sourcery.codec.json import JsonCodec
from sourcery.errors import ConfigurationError

T = TypeVar("T")
Check = Callable[[Any], bool]

#: Read alike by both, in any place.
_ANYWHERE: Final = (str, bool, UUID, date)
#: What `JsonCodec` refuses or reads otherwise, and msgspec does not.
_CHECKS: Final[dict[Any, Check]] = {
    int: lambda value: -(2**63) <= value < 2**64,
    float: lambda _: True,
    Decimal: Decimal.is_finite,
    datetime: lambda value: value.tzinfo is not None,
}
#: Set by `__init__`, which msgspec does not call.
_CACHED_HASH: Final = "_attrs_cached_hash"


class MsgspecCodec(JsonCodec):
    """`JsonCodec` with a faster way of reading; what is stored is the same, byte for byte.

    A class whose fields are `str`, `bool`, `int`, `float`, `Decimal`, `UUID`, `datetime`, `date`,
    such or None, or lists and dicts of `str`, `bool`, `UUID` and `date`, is made by msgspec without
    its `__init__`. Any other class is read as by `JsonCodec`: with a converter, a validator or
    `__attrs_post_init__`, or with fields of further types. So is text that msgspec refuses, so that
    what `JsonCodec` takes is taken, and errors are the same. Only text that this library did not
    write is read differently: a number in a `Decimal` field keeps all its digits, fractions of a
    microsecond are rounded, and a number that no float holds is passed over where nobody reads it.

    Raises `ConfigurationError` without the package `msgspec`.
    """

    def __init__(self) -> None:
        if find_spec("msgspec") is None:
            problem = "MsgspecCodec needs msgspec: pip install 'sourcery-events[msgspec]'"
            raise ConfigurationError(problem)
        super().__init__()

    def reader(self, cls: type[T]) -> Callable[[str | bytes], T]:
        """A function from text to object; `DefinitionError` now if there can be none."""
        slow = super().reader(cls)
        checks = _checks_of(cls)
        decode = None if checks is None else _decode(cls)
        if checks is None or decode is None:
            return slow
        return _reader(decode, checks, slow)


def _reader(
    decode: Callable[[str | bytes], T],
    checks: Sequence[tuple[Callable[[Any], Any], Check]],
    slow: Callable[[str | bytes], T],
) -> Callable[[str | bytes], T]:
    def read(text: str | bytes) -> T:
        try:
            event = decode(text)
        except Exception:  # noqa: BLE001 - the other way reads it, or says what is wrong
            return slow(text)
        for value_of, is_right in checks:
            value = value_of(event)
            if value is not None and not is_right(value):
                return slow(text)
        return event

    return read


def _decode(cls: type[T]) -> Callable[[str | bytes], T] | None:
    """None where msgspec cannot read the class after all."""
    import msgspec

    try:
        return cast("Callable[[str | bytes], T]", msgspec.json.Decoder(cls).decode)
    except Exception:  # noqa: BLE001 - whatever it is, the other way works
        return None


def _checks_of(cls: Any) -> list[tuple[Callable[[Any], Any], Check]] | None:
    """What has to be looked at after reading; None where msgspec may not read the class."""
    if not is_attrs(cls) or cls is not class_of(cls) or not _is_plain(cls):
        return None
    checks: list[tuple[Callable[[Any], Any], Check]] = []
    for field in attrs.fields(cls):
        hint = _required(field.type)
        if bare(hint) in _CHECKS:
            if bare(hint) is not float:
                checks.append((attrgetter(field.name), _CHECKS[bare(hint)]))
        elif not _is_anywhere(hint):
            return None
    return checks


def _required(hint: Any) -> Any:
    """X of `X | None`."""
    members = members_of(hint) if is_union(hint) else []
    return members[0] if len(members) == 1 else hint


def _is_anywhere(hint: Any) -> bool:
    cls, arguments = class_of(hint), get_args(bare(hint))
    if cls is list and len(arguments) == 1:
        return _is_anywhere(arguments[0])
    if cls is dict and arguments:
        return bare(arguments[0]) is str and _is_anywhere(arguments[1])
    return bare(hint) in _ANYWHERE


def _is_plain(cls: Any) -> bool:
    """Whether making an object is nothing but setting its fields."""
    made = cls.__dict__.get("__init__")
    code = getattr(made, "__code__", None)
    if code is None or not code.co_filename.startswith("<attrs generated"):
        return False
    hooks = ("__attrs_pre_init__", "__attrs_post_init__")
    if any(hasattr(cls, hook) for hook in hooks) or _CACHED_HASH in (
        *code.co_consts,
        *code.co_names,
    ):
        return False
    return all(map(_is_plain_field, attrs.fields(cls)))


def _is_plain_field(field: Any) -> bool:
    default: Any = field.default
    return bool(
        field.init
        and field.converter is None
        and field.validator is None
        and field.alias == field.name
        and not getattr(default, "takes_self", False)
    )
