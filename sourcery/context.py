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
from typing import Any, Protocol
from uuid import UUID

from attrs import define, evolve, field, fields, frozen

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


class Cause(Protocol):
    """What a handler is handling now: a recorded event."""

    @property
    def event_id(self) -> UUID: ...

    @property
    def metadata(self) -> Metadata: ...


@define
class Causes:
    """The context of a consumer's page: a cell that names the event in hand.

    Metadata is derived when something is recorded, never for each event that is read.
    """

    #: Whether the page's transaction is open while the handler runs.
    in_transaction: bool
    event: Cause | None = None
    #: Whether a unit of work that joined the page's transaction has written events or messages.
    written: bool = False
    _derived: tuple[Cause, Metadata] | None = None

    @property
    def metadata(self) -> Metadata:
        """What is recorded now is caused by the event in hand, and belongs to what that did."""
        if self.event is None:
            return _NOTHING
        if self._derived is None or self._derived[0] is not self.event:
            self._derived = self.event, caused_by(self.event.metadata, self.event.event_id)
        return self._derived[1]


def caused_by(metadata: Metadata, event_id: UUID) -> Metadata:
    """Metadata of what an event of this metadata and id leads to."""
    own_id = str(event_id)
    return evolve(metadata, causation_id=own_id, correlation_id=metadata.correlation_id or own_id)


_current: ContextVar[Metadata | Causes] = ContextVar("sourcery_metadata", default=_NOTHING)
_page: ContextVar[Causes | None] = ContextVar("sourcery_page", default=None)


def decode_metadata(text: str | bytes) -> Metadata:
    """Read stored metadata; fields this release does not know are passed over."""
    stored = json.loads(text)
    return Metadata(**{name: stored[name] for name in _FIELDS if name in stored})


def current_metadata() -> Metadata:
    """Give what is recorded now its metadata."""
    current = _current.get()
    return current if isinstance(current, Metadata) else current.metadata


def in_handler() -> bool:
    """Whether a handler runs here whose page has its transaction open."""
    page = _page.get()
    return page is not None and page.in_transaction


def note_written() -> None:
    """Events or messages are in the page's transaction now, and others wait for its end."""
    page = _page.get()
    if page is not None:
        page.written = True


def has_written() -> bool:
    """Whether a unit of work that joined the page's transaction has written some."""
    page = _page.get()
    return page is not None and page.written


@contextmanager
def handling(causes: Causes) -> Generator[None]:
    """Let the cell give metadata, and `in_handler` know, inside the block."""
    current, page = _current.set(causes), _page.set(causes)
    try:
        yield
    finally:
        _page.reset(page)
        _current.reset(current)


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
    merged = evolve(current_metadata(), **named.present)
    token = _current.set(merged)
    try:
        yield merged
    finally:
        _current.reset(token)
