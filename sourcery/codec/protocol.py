"""What a codec must do; `JsonCodec` is the one that comes with the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Codec(Protocol):
    """Turns events and payloads into stored JSON text and back.

    Whoever writes one passes the codec tests, and may use any library: a reader goes straight
    from text to object, so that no step in between is forced on it.
    """

    def dumps(self, value: object) -> bytes:
        """UTF-8 JSON of an attrs object or a JSON-like value.

        Raises `EncodeError` with the path to what cannot be stored faithfully.
        """
        ...

    def reader(self, cls: type[T]) -> Callable[[str | bytes], T]:
        """A function from stored text to an object of the class; it may raise anything.

        Raises `DefinitionError` now, not when it is called, for a class that cannot be read.
        """
        ...

    def structurer(self, cls: type[T]) -> Callable[[Any], T]:
        """The same from parsed JSON, for events that an upcaster changed."""
        ...

    def parse(self, text: str | bytes) -> Any:
        """Parsed JSON."""
        ...

    def explain(self, cls: type[Any], data: Any) -> tuple[str, str]:
        """Why parsed JSON is not an object of the class: a path in it, and the problem.

        Neither may hold a value of the data.
        """
        ...
