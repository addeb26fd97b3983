"""The cattrs converter of stored events, payloads and (strictly) snapshots.

Writing is exact, an object of another class than the field declares is refused; and so is reading:
a stored "5" or 1.5 fits no `int` field. Fields that the class does not have are ignored in events,
and refused by a strict converter.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NoReturn

from cattrs import Converter
from cattrs.errors import StructureHandlerNotFoundError

from sourcery.codec import containers, enums, hints, unions
from sourcery.codec.hints import Hook, class_of
from sourcery.codec.plain import Unstorable, mismatch
from sourcery.codec.scalars import NATIVE, SCALARS
from sourcery.codec.state import make_strict


class _Exact(Converter):
    """A text is no list of its characters, and an object none of its keys."""

    def get_structure_hook(self, type: Any, cache_result: bool = True) -> Hook:  # noqa: FBT001, FBT002 - as it is called
        read: Hook = super().get_structure_hook(type, cache_result)
        return containers.array_only(read) if hints.is_array(type) else read

    def structure(self, obj: Any, cl: Any) -> Any:
        return self.get_structure_hook(cl)(obj, cl)


def make_converter(*, detailed: bool, strict: bool) -> Converter:
    """A converter whose plain values both JSON backends store alike.

    `detailed` ones are slow and know the path to a failure; `strict` ones are for state: see
    `state`.
    """
    converter = _Exact(
        detailed_validation=detailed,
        forbid_extra_keys=strict,
        structure_fallback_factory=_no_way_back,
    )
    for cls, (write, read) in (SCALARS | NATIVE).items():
        converter.register_unstructure_hook(cls, write)
        converter.register_structure_hook(cls, read)
    converter.register_structure_hook(containers.IntKey, containers.int_key_from)
    converter.register_unstructure_hook_func(_is_untyped, _by_its_class(converter))
    converter.register_structure_hook_func(_is_untyped, lambda value, _: value)
    _register_writers(converter)
    # by class: older cattrs asks its own hook for Enum before any predicate
    converter.register_structure_hook(Enum, enums.enum_from_value(converter))
    _register_readers(converter)
    if strict:
        make_strict(converter)
    return converter


def _no_way_back(hint: Any) -> NoReturn:
    """Older cattrs would notice at the first event that has a value there."""
    raise StructureHandlerNotFoundError("cannot be read back", type_=hint)


def _is_untyped(hint: Any) -> bool:
    return hint is object


def _by_its_class(converter: Converter) -> Hook:
    def write(value: Any) -> Any:
        if type(value) is object:
            raise Unstorable("is of a type that JSON cannot hold")
        return converter.unstructure(value)

    return write


def _register_writers(converter: Converter) -> None:
    for applies, factory in (
        (hints.is_attrs, _exactly),
        (hints.is_list, containers.list_to_list),
        (hints.is_fixed_tuple, containers.tuple_to_list),
        (hints.is_mapping, containers.mapping_to_dict),
        (hints.is_set, containers.set_to_list),
        (hints.is_enum, enums.enum_to_value),
        (hints.is_flag, enums.flag_to_value),
        (hints.is_literal, enums.literal_to_value),
        (hints.is_choice, unions.union_to_plain),
    ):
        converter.register_unstructure_hook_factory(applies, factory(converter))


def _register_readers(converter: Converter) -> None:
    for applies, factory in (
        (containers.is_enum_keyed, containers.enum_keyed_from_dict),
        (containers.is_int_keyed, containers.int_keyed_from_dict),
        (hints.is_literal, enums.literal_from_value),
        (hints.is_optional, unions.optional_from_plain),
        (hints.is_choice, unions.union_from_plain),
    ):
        converter.register_structure_hook_factory(applies, factory(converter))


def _exactly(converter: Converter) -> Callable[[Any], Hook]:
    """An attrs class and none derived from it, whose further fields would be lost."""

    def factory(hint: Any) -> Hook:
        cls: Any = class_of(hint)
        fields = converter.gen_unstructure_attrs_fromdict(hint)

        def write(value: Any) -> Any:
            if type(value) is not cls:
                raise mismatch(value, cls.__name__)
            return fields(value)

        return write

    return factory
