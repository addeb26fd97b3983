"""The default codec: cattrs, then JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import attrs
from cattrs import Converter, transform_error
from cattrs.errors import StructureHandlerNotFoundError

from sourcery.codec.backend import Backend, default_backend
from sourcery.codec.converter import make_converter
from sourcery.codec.culprit import find_culprit
from sourcery.errors import DefinitionError, EncodeError
from sourcery.events import tag_of

T = TypeVar("T")


class JsonCodec:
    """JSON through cattrs, with orjson when it is installed.

    A fast converter does the work; when it fails, a detailed one is asked why. `strict`
    refuses fields that the class does not have.
    """

    def __init__(self, backend: Backend | None = None, *, strict: bool = False) -> None:
        self._backend = backend or default_backend()
        self._strict = strict
        self._converter = make_converter(detailed=False, strict=strict)
        self._writers: dict[type[Any], Callable[[Any], Any]] = {}

    @cached_property
    def _detailed(self) -> Converter:
        return make_converter(detailed=True, strict=self._strict)

    def dumps(self, value: object) -> bytes:
        """UTF-8 JSON; `EncodeError` with the path to what cannot be stored faithfully."""
        try:
            return self._dumps(value)
        except Exception as error:
            path, cause = find_culprit(value, self._problem)
            raise EncodeError(tag_of(type(value)), path, _described(cause)) from error

    def _dumps(self, value: object) -> bytes:
        cls = type(value)
        write = self._writers.get(cls)
        if write is None:
            write = self._writers[cls] = self._converter.get_unstructure_hook(cls)
        return self._backend.dumps(write(value))

    def _problem(self, value: object, declared: Any) -> Exception | None:
        try:
            self._backend.dumps(self._converter.unstructure(value, unstructure_as=declared))
        except Exception as error:  # noqa: BLE001 - whatever it is, it cannot be stored
            return error
        return None

    def reader(self, cls: type[T]) -> Callable[[str | bytes], T]:
        """A function from text to object; `DefinitionError` now if there can be none."""
        structure, loads = self._hook(cls), self._backend.loads
        return lambda text: structure(loads(text), cls)

    def structurer(self, cls: type[T]) -> Callable[[Any], T]:
        """A function from parsed JSON to object."""
        structure = self._hook(cls)
        return lambda data: structure(data, cls)

    def parse(self, text: str | bytes) -> Any:
        """Parsed JSON."""
        return self._backend.loads(text)

    def _hook(self, cls: type[T]) -> Callable[[Any, type[T]], T]:
        try:
            return self._converter.get_structure_hook(cls)
        except StructureHandlerNotFoundError as error:
            problem = f"{_field_of(cls, self._converter)} is of a type that cannot be read back"
            raise DefinitionError(cls.__qualname__, f"{problem}: {error.type_!r}") from None

    def explain(self, cls: type[Any], data: Any) -> tuple[str, str]:
        """Path and problem, without any value of the data."""
        if not isinstance(data, dict):
            return "it", "is not a JSON object"
        try:
            self._detailed.structure(data, cls)
        except Exception as error:  # noqa: BLE001 - all that can be wrong with stored data
            first = transform_error(error, path="", format_exception=_named)[0]
            problem, _, path = first.rpartition(" @ ")
            return path.removeprefix(".") or "it", problem or "cannot be read"
        return "it", "cannot be read"


def _described(error: Exception) -> str:
    """The problem in words that hold no value: only our own hooks say more than a class."""
    if type(error) is ValueError:
        return str(error)
    if isinstance(error, UnicodeEncodeError):
        return "holds a lone surrogate, which is not valid text"
    if isinstance(error, RecursionError) or "ecursion" in str(error):
        return "is nested too deeply"
    if "surrogate" in str(error):
        return "holds a lone surrogate, which is not valid text"
    return "is of a type that JSON cannot hold"


def _named(error: BaseException, cls: Any) -> str:
    expected = f", expected {getattr(cls, '__name__', cls)}" if cls is not None else ""
    if isinstance(error, KeyError):
        return "is missing"
    return f"does not fit{expected} ({type(error).__name__})"


def _field_of(cls: type[Any], converter: Converter) -> str:
    """The first field that has no way back."""
    for field in attrs.fields(attrs.resolve_types(cls)):
        try:
            converter.get_structure_hook(field.type)
        except StructureHandlerNotFoundError:
            return f"field {field.name!r}"
    return "a field"
