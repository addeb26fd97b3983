"""From events to what is stored of them."""

from __future__ import annotations

from typing import Final

from sourcery.codec.protocol import Codec
from sourcery.errors import DefinitionError, UndeclaredEvent
from sourcery.events import event_type

_DECORATE: Final = "decorate its class with @event(kind)"


def encode_event(codec: Codec, event: object) -> tuple[str, int, bytes]:
    """Kind, schema version and JSON of an event.

    Raises `UndeclaredEvent` for an object that is no event, `EncodeError` for one that cannot
    be stored faithfully, `DefinitionError` for one whose class cannot be read back.
    """
    try:
        declared = event_type(type(event))
    except DefinitionError:
        raise UndeclaredEvent(type(event).__qualname__, "this store", _DECORATE) from None
    return declared.kind, declared.version, codec.dumps(event)
