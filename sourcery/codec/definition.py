"""The check that a class can be stored and read back, made when it is declared.

cattrs notices some fields only at the first event that has a value there. Here every hint
that a class reaches is asked for its hooks.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, get_args, get_origin

import attrs
from cattrs import Converter

from sourcery.codec.hints import NONE, class_of, is_attrs, is_choice, is_literal, is_union
from sourcery.errors import DefinitionError


def check_class(converter: Converter, cls: Any, *, strict: bool = False) -> None:
    """Raise `DefinitionError` naming the class and the field that cannot work.

    Of a `strict` converter every field counts, and must have a type.
    """
    _Check(converter, strict=strict).hint(cls, getattr(cls, "__qualname__", str(cls)), None)


def names_nothing(cls: type[Any], error: NameError) -> DefinitionError:
    """The error of a class with an annotation that nobody can resolve."""
    problem = f"the annotation {error.name!r} of a field names nothing at module level"
    return DefinitionError(cls.__qualname__, problem)


class _Check:
    """One walk; a class that contains itself is looked at once."""

    def __init__(self, converter: Converter, *, strict: bool) -> None:
        self._converter = converter
        self._strict = strict
        self._seen: set[Any] = set()

    def hint(self, hint: Any, owner: str, field: str | None) -> None:
        """Look at a hint and at those inside of it."""
        if isinstance(hint, TypeVar) or hint in (Any, object, NONE, Ellipsis):
            return
        if is_attrs(hint):
            self._fields(class_of(hint))
        if not is_literal(hint):
            for inner in get_args(_unannotated(hint)):
                if not isinstance(inner, list):  # the arguments of a Callable
                    self.hint(inner, owner, field)
        if is_choice(hint) or not is_union(hint):
            self._hooks(hint, owner, field)

    def _fields(self, cls: Any) -> None:
        if cls in self._seen:
            return
        self._seen.add(cls)
        try:
            attrs.resolve_types(cls)
        except NameError as error:
            raise names_nothing(cls, error) from None
        for field in attrs.fields(cls):
            if field.type is None and self._strict:
                raise DefinitionError(cls.__qualname__, f"field {field.name!r} has no type")
            if field.type is not None and (field.init or self._strict):
                self.hint(field.type, cls.__qualname__, field.name)

    def _hooks(self, hint: Any, owner: str, field: str | None) -> None:
        try:
            self._converter.get_structure_hook(hint)
            self._converter.get_unstructure_hook(hint)
        except DefinitionError as error:
            raise DefinitionError(owner, _in_field(field, str(error))) from None
        except Exception:  # noqa: BLE001 - whatever a class does when it is looked at
            problem = f"{_name(hint)} cannot be read back from JSON: use an attrs class for it"
            raise DefinitionError(owner, _in_field(field, problem)) from None


def _unannotated(hint: Any) -> Any:
    """What is written beside a type is for others."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _in_field(field: str | None, problem: str) -> str:
    return problem if field is None else f"field {field!r}: {problem}"


def _name(hint: Any) -> str:
    return hint.__qualname__ if isinstance(hint, type) else str(hint)
