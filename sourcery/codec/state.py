"""What a strict converter does otherwise: a state comes back exactly as it was, or not at all.

Events are facts that others wrote long ago: fields may be missing, or too many. A snapshot is
only a cache of a fold, so whatever might come back changed is refused: at the definition where
the hints tell, else when it is written.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn, get_args

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from sourcery.codec.hints import Hook, bare, class_of, is_attrs, is_dataclass
from sourcery.codec.plain import Unstorable, check_float, check_int, mismatch
from sourcery.errors import DefinitionError
from sourcery.events import is_frozen

#: What JSON does not hold of a class.
_LOSES: Final[dict[Any, str]] = {
    deque: "a deque would lose its maxlen: use a list",
    defaultdict: "a defaultdict would lose its factory: use a dict and setdefault",
    Sequence: "a Sequence may come back as a tuple: say list or tuple",
}


def make_strict(converter: Converter) -> None:
    """Register the hooks, after all others."""
    converter.register_unstructure_hook_factory(_is_record, _write_all(converter))
    converter.register_structure_hook_factory(_is_record, _read_all(converter))
    converter.register_unstructure_hook_func(_is_untyped, exactly_plain)
    converter.register_structure_hook_func(_is_untyped, lambda value, _: value)
    converter.register_structure_hook_factory(_loses, _refuse)


def _is_record(hint: Any) -> bool:
    return is_attrs(hint) or is_dataclass(hint)


def _is_untyped(hint: Any) -> bool:
    return hint is Any or hint is object


def _loses(hint: Any) -> bool:
    cls = class_of(hint)
    return cls in _LOSES or (cls is tuple and not get_args(bare(hint)))


def _refuse(hint: Any) -> NoReturn:
    problem = _LOSES.get(class_of(hint), "say what is in a tuple: tuple[int, ...]")
    raise DefinitionError(str(hint), problem)


def _write_all(converter: Converter) -> Callable[[Any], Hook]:
    """All fields, those that `__init__` does not take as well."""

    def factory(hint: Any) -> Hook:
        cls: Any = class_of(hint)
        fields = make_dict_unstructure_fn(hint, converter, _cattrs_include_init_false=True)

        def write(value: Any) -> Any:
            if type(value) is not cls:
                raise mismatch(value, cls.__name__)
            return fields(value)

        return write

    return factory


def _read_all(converter: Converter) -> Callable[[Any], Hook]:
    """Neither a field more nor one less, which would become its default without a word."""

    def factory(hint: Any) -> Hook:
        read: Any = make_dict_structure_fn(
            hint, converter, _cattrs_include_init_false=True, _cattrs_forbid_extra_keys=True
        )
        names = _names(class_of(hint))

        def structure(data: Any, _: Any) -> Any:
            if isinstance(data, dict) and (missing := names - data.keys()):
                raise Unstorable(f"lacks {len(missing)} of its fields")
            return read(data, hint)

        return structure

    return factory


def _names(cls: Any) -> set[str]:
    """The fields of a record, all of which can be put back."""
    of_attrs = attrs.has(cls)
    fields = attrs.fields(cls) if of_attrs else dataclasses.fields(cls)
    if is_frozen(cls) if of_attrs else cls.__dataclass_params__.frozen:
        for field in fields:
            if not field.init:
                problem = f"field {field.name!r} is frozen and not taken by __init__"
                raise DefinitionError(cls.__qualname__, f"{problem}: it could not be put back")
    return {field.name for field in fields}


def exactly_plain(value: Any) -> Any:
    """JSON that stays what it is; of anything else nobody would know what it was."""
    cls: type[Any] = value.__class__
    if value is None or cls is str or cls is bool:
        return value
    if cls is int:
        check_int(value)
    elif cls is float:
        check_float(value)
    elif cls is list:
        return [exactly_plain(item) for item in value]
    elif cls is dict:
        return {_key(key): exactly_plain(item) for key, item in value.items()}
    else:
        raise Unstorable(f"is of class {cls.__name__} where no type is declared: declare it")
    return value


def _key(key: Any) -> str:
    if type(key) is not str:
        raise Unstorable("has a key that is not a str, where no type is declared")
    return key
