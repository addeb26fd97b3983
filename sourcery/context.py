"""Metadata: who caused an event and why, taken from the surrounding code by default.

Set it once at the edge of the program; everything recorded inside carries it:

    with metadata(actor="ada", correlation_id=request_id):
        ...
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Any

from attrs import evolve, field, fields, frozen

from sourcery.errors import EncodeError


def _optional_text(instance: object, attribute: Any, value: object) -> None:
    if value is not None and not isinstance(value, str):
        problem = f"must be a string, not {type(value).__name__}"
        raise EncodeError("metadata", attribute.name, problem)


@frozen
class Metadata:
    """Who and why, never business data. Every field is a string or absent."""

    #: Common to everything that came of one request or message.
    correlation_id: str | None = field(default=None, validator=_optional_text)
    #: Id of the event or message that directly led to this one.
    causation_id: str | None = field(default=None, validator=_optional_text)
    #: The person or program that acted.
    actor: str | None = field(default=None, validator=_optional_text)
    #: W3C trace context.
    traceparent: str | None = field(default=None, validator=_optional_text)

    @cached_property
    def present(self) -> dict[str, str]:
        """The fields that are set."""
        values = {name: getattr(self, name) for name in _FIELDS}
        return {name: value for name, value in values.items() if value is not None}

    @cached_property
    def encoded(self) -> str:
        """The stored JSON; made once for all events of one context."""
        try:
            text = json.dumps(self.present, ensure_ascii=False, separators=(",", ":"))
            text.encode()
        except UnicodeEncodeError:
            raise EncodeError("metadata", "text", "holds a lone surrogate") from None
        return text


_FIELDS = tuple(attribute.name for attribute in fields(Metadata))
_NOTHING = Metadata()
_current: ContextVar[Metadata] = ContextVar("sourcery_metadata", default=_NOTHING)


def decode_metadata(text: str | bytes) -> Metadata:
    """Read stored metadata; fields this release does not know are passed over."""
    stored = json.loads(text)
    return Metadata(**{name: stored[name] for name in _FIELDS if name in stored})


def current_metadata() -> Metadata:
    """Give what is recorded now its metadata."""
    return _current.get()


@contextmanager
def metadata(
    *,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    actor: str | None = None,
    traceparent: str | None = None,
) -> Generator[Metadata]:
    """Set metadata for everything recorded or published inside the block.

    Blocks nest: a field not named keeps the value of the block around it.
    """
    named = Metadata(correlation_id, causation_id, actor, traceparent)
    merged = evolve(_current.get(), **named.present)
    token = _current.set(merged)
    try:
        yield merged
    finally:
        _current.reset(token)
