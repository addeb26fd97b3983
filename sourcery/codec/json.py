"""The default codec: cattrs, then JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any, TypeVar

from cattrs import Converter

from sourcery.codec.backend import Backend, default_backend
from sourcery.codec.converter import make_converter
from sourcery.codec.culprit import find_culprit
from sourcery.codec.definition import check_class
from sourcery.codec.explain import explain
from sourcery.codec.fingerprint import fingerprint
from sourcery.codec.hints import is_attrs
from sourcery.codec.plain import Unstorable
from sourcery.errors import DefinitionError, EncodeError
from sourcery.events import tag_of

T = TypeVar("T")


class JsonCodec:
    """JSON through cattrs, with orjson when it is installed.

    A fast converter does the work; when it fails, a detailed one is asked why. An object of
    another class than its field declares is not written, because it would come back changed,
    and JSON of another type is not read: a stored "5" or 1.5 fits no `int`. Unknown fields are
    passed over. `strict` is for state, which must come back as it was: no field more or less,
    and no class that JSON would change.
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
        """UTF-8 JSON; `EncodeError` with the path to what cannot be stored faithfully.

        Raises `DefinitionError` for an attrs class that could never be read back.
        """
        write = self._writers.get(type(value)) or self._writer(type(value))
        try:
            return self._backend.dumps(write(value))
        except DefinitionError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it cannot be stored
            path, cause = find_culprit(value, self._problem)
        # not chained: the text of the cause may hold the value
        raise EncodeError(tag_of(type(value)), path, _described(cause))

    def _writer(self, cls: type[Any]) -> Callable[[Any], Any]:
        if is_attrs(cls):
            check_class(self._converter, cls, strict=self._strict)
        write: Callable[[Any], Any] = self._converter.get_unstructure_hook(cls)
        self._writers[cls] = write
        return write

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
        check_class(self._converter, cls, strict=self._strict)
        hook: Callable[[Any, type[T]], T] = self._converter.get_structure_hook(cls)
        return hook

    def explain(self, cls: type[Any], data: Any) -> tuple[str, str]:
        """Path and problem, without any value of the data."""
        return explain(self._detailed, cls, data)


@cache
def _strict() -> JsonCodec:
    return JsonCodec(strict=True)


def check_state(cls: type[Any]) -> None:
    """Raise `DefinitionError` for a class whose objects a strict codec could not bring back.

    Raises `NameError` while an annotation names nothing yet.
    """
    fingerprint(cls)
    _strict().reader(cls)


def _described(error: Exception) -> str:
    """The problem in words that hold no value: only our own refusals say more than a class."""
    if isinstance(error, Unstorable):
        return str(error)
    if isinstance(error, RecursionError) or "ecursion" in str(error):
        return "is nested too deeply"
    if "surrogate" in str(error):
        return "holds a lone surrogate, which is not valid text"
    return "is of a type that JSON cannot hold"
