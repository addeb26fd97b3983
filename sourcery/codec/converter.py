"""The cattrs converter of stored events, payloads and (strictly) snapshots.

cattrs reads leniently: a stored "5" fits an `int` field. Fields that the class does not have
are ignored in events, and refused by a strict converter.
"""

from __future__ import annotations

from cattrs import Converter
from cattrs.strategies import configure_union_passthrough

from sourcery.codec.containers import (
    Read,
    Write,
    enum_from_value,
    enum_keyed_from_dict,
    enum_to_value,
    is_enum,
    is_enum_keyed,
    is_mapping,
    is_set,
    mapping_to_dict,
    set_to_list,
)
from sourcery.codec.scalars import SCALARS, finite, small_int
from sourcery.codec.unions import from_tagged, is_tagged, to_tagged


def make_converter(*, detailed: bool, strict: bool) -> Converter:
    """A converter whose plain values both JSON backends store alike.

    `detailed` ones are slow and know the path to a failure; `strict` ones refuse fields that
    the class does not have.
    """
    converter = Converter(detailed_validation=detailed, forbid_extra_keys=strict)
    for cls, (write, read) in SCALARS.items():
        converter.register_unstructure_hook(cls, write)
        converter.register_structure_hook(cls, _ignoring_class(read))
    converter.register_unstructure_hook(float, finite)
    converter.register_unstructure_hook(int, small_int)
    converter.register_unstructure_hook(bool, bool)
    _register_containers(converter)
    converter.register_unstructure_hook_factory(is_tagged, to_tagged(converter))
    converter.register_structure_hook_factory(is_tagged, from_tagged(converter))
    configure_union_passthrough(str | bool | int | float | None, converter)
    return converter


def _ignoring_class(read: Write) -> Read:
    return lambda value, _: read(value)


def _register_containers(converter: Converter) -> None:
    converter.register_unstructure_hook_factory(is_mapping, mapping_to_dict(converter))
    converter.register_structure_hook_factory(is_enum_keyed, enum_keyed_from_dict(converter))
    converter.register_unstructure_hook_factory(is_set, set_to_list(converter))
    converter.register_unstructure_hook_factory(is_enum, enum_to_value(converter))
    converter.register_structure_hook_factory(is_enum, enum_from_value(converter))
