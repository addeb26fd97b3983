"""Messages made of events, by a mapping: what a relay sends that reads the event log itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID, uuid5

from attrs import field, frozen

from sourcery.codec import Codec, Decoder
from sourcery.context import Causes, current_metadata, handling
from sourcery.errors import DecodeError, EncodeError, EventAhead, InvalidArgument, InvalidName
from sourcery.mapping import completed, listed
from sourcery.messages import Message
from sourcery.outbox import message as message_row
from sourcery.outgoing import Given, Outgoing
from sourcery.recorded import Recorded, StoredRow
from sourcery.relay.headers import headers_of
from sourcery.relay.parcels import Parcel
from sourcery.worker import EventSource
from sourcery.worker.failures import described


@frozen
class EventParcels(EventSource):
    """Events of a query, each with the messages that a mapping makes of it."""

    decoder: Decoder = field(kw_only=True)
    codec: Codec = field(kw_only=True)
    mapping: Callable[[Recorded[Any]], Given] = field(kw_only=True)
    #: Names the store, as a URI.
    origin: str = field(kw_only=True)

    def parcel(self, row: StoredRow) -> Parcel:
        """Its messages, or why there are none."""
        key = self.key_of(row)
        try:
            return Parcel(row, key, tuple(self._messages(row)))
        except EventAhead:
            raise  # for a newer program to send
        except (DecodeError, EncodeError, InvalidName, InvalidArgument) as error:
            return Parcel(row, key, unreadable=described(error), hopeless=True)
        except Exception as error:  # noqa: BLE001 - whatever a mapping may raise
            return Parcel(row, key, unreadable=described(error))

    def at_once(self, rows: Sequence[StoredRow], *, keeps_order: bool) -> list[Message] | None:
        """Nothing: an event may have several messages, and each may fail by itself."""
        return None

    def _messages(self, row: StoredRow) -> Iterator[Message]:
        causes = Causes(in_transaction=False)
        for recorded in self.decoder.decode(row):
            causes.event = recorded
            with handling(causes):
                for number, given in enumerate(listed(self.mapping(recorded))):
                    full = completed(given, recorded.stream, recorded.kind)
                    yield self._message(recorded, full, number)

    def _message(self, recorded: Recorded[Any], outgoing: Outgoing, number: int) -> Message:
        made = message_row(self.codec, outgoing, current_metadata())
        return Message(
            message_id=_id_of(recorded, number),
            topic=made.topic,
            key=made.key,
            payload=made.payload,
            headers=headers_of(made.headers),
            content_type=made.content_type,
            position=recorded.position,
            created_at=recorded.recorded_at,
            source=self.origin,
        )


def _id_of(recorded: Recorded[Any], number: int) -> UUID:
    """The event's own for its first message, and one that follows from it for each other."""
    if number == recorded.part == 0:
        return recorded.event_id
    return uuid5(recorded.event_id, f"{recorded.part}.{number}")
