"""What is to be sent because of an event, as a mapping says it."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from sourcery.stream import StreamId


@frozen
class Outgoing:
    """A message to be sent."""

    topic: str
    #: An attrs object or JSON value, sent as JSON; or bytes, sent as they are.
    payload: object = field(repr=False)
    #: Messages of one topic and key stay in order. From a mapping, None is the stream's id.
    key: StreamId | None = field(default=None, kw_only=True)
    #: Beside those of the metadata, which they go before.
    headers: Mapping[str, str] | None = field(default=None, kw_only=True, repr=False)
