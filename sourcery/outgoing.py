"""Messages that events lead to: declared once, written in the unit of work that writes the event.

@outgoing(Deposited)
def receipts(event: Deposited, stream: Stream) -> Outgoing:
    return Outgoing("receipts", {"account": stream.id, "amount": event.amount})

store = EventStore(url, aggregates=[Account], messages=[receipts])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any, Generic, TypeAlias, TypeVar

from attrs import field, frozen
from typing_extensions import TypeForm

from sourcery.errors import DefinitionError
from sourcery.events import event_classes
from sourcery.stream import Stream, StreamId

E = TypeVar("E")


@frozen
class Outgoing:
    """A message to be put into the outbox."""

    topic: str
    #: An attrs object or JSON value, sent as JSON; or bytes, sent as they are.
    payload: object = field(repr=False)
    #: Messages of one topic and key stay in order. From a mapping, None is the stream's id.
    key: StreamId | None = field(default=None, kw_only=True)
    #: Beside those of the metadata, which they go before.
    headers: Mapping[str, str] | None = field(default=None, kw_only=True, repr=False)


#: What a mapping gives: no message, one, or several in order.
Given: TypeAlias = Outgoing | Iterable[Outgoing] | None


@frozen(eq=False)
class MessageMapping(Generic[E]):
    """A function from events to messages, and the events it is for. It can be called as before."""

    function: Callable[[E, Stream], Given]
    classes: tuple[type[Any], ...]

    @property
    def name(self) -> str:
        """As errors show it."""
        return str(getattr(self.function, "__qualname__", repr(self.function)))

    def __call__(self, event: E, stream: Stream) -> Given:
        """What the function gives."""
        return self.function(event, stream)


def outgoing(
    events: TypeForm[E],
) -> Callable[[Callable[[E, Stream], Given]], MessageMapping[E]]:
    """Make a function a mapping from these events (a class or a union) to messages.

    `function(event, stream)` gives an `Outgoing`, several, or None. It decides by its arguments
    alone and has no effects: it runs inside the unit of work that writes the event, again when that
    is run again, and not for a repeat of an append. Raises `DefinitionError` for what is no event
    and for an async function.
    """
    classes = event_classes(events, "outgoing")

    def declared(function: Callable[[E, Stream], Given]) -> MessageMapping[E]:
        mapping = MessageMapping(function, classes)
        if any(map(_is_no_function, (function, type(function).__call__))):
            problem = "must be a plain function of an event and its stream"
            raise DefinitionError(mapping.name, problem)
        return mapping

    return declared


def _is_no_function(given: object) -> bool:
    return not callable(given) or iscoroutinefunction(given) or isasyncgenfunction(given)
