"""What one row of a log has to send, and where such rows come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

from attrs import define, frozen

from sourcery.columns import moment_of
from sourcery.errors import DatabaseMisconfigured
from sourcery.log import LogQuery, MessageQuery
from sourcery.messages import Message
from sourcery.outbox import letter_key
from sourcery.recorded import StoredRow, as_uuid
from sourcery.relay.headers import headers_of
from sourcery.relay.stored import Page
from sourcery.worker.failures import Failure, described
from sourcery.worker.source import POSITION, Source


@define(eq=False)
class Parcel:
    """The messages of one row: sent in this order, none of the next of its key before."""

    row: StoredRow
    #: What must stay in order, as letters name it.
    key: str
    messages: Sequence[Message] = ()
    #: Why there are none: it cannot be read, or its mapping failed.
    unreadable: Failure | None = None
    #: Whether trying again could help.
    hopeless: bool = False
    #: How many of the messages the broker has.
    sent: int = 0

    @property
    def position(self) -> int:
        """Place in the log."""
        position: int = self.row[POSITION]
        return position

    @property
    def is_sent(self) -> bool:
        """Whether nothing is left to send."""
        return self.unreadable is None and self.sent == len(self.messages)


class Parcels(Source, Protocol):
    """A log whose rows are sent."""

    def parcel(self, row: StoredRow) -> Parcel:
        """What a row has to send. Never raises."""
        ...

    def at_once(self, rows: Sequence[StoredRow], *, keeps_order: bool) -> list[Message] | None:
        """A message for each row, where all can be read and none can overtake another.

        Else None: then ask for each. `keeps_order` is the publisher's.
        """
        ...


#: What reading a row raises that somebody has damaged.
_UNREADABLE: Final = (DatabaseMisconfigured, RecursionError, TypeError, ValueError)


@frozen
class OutboxParcels:
    """The outbox rows of one topic, a message each."""

    topic_query: MessageQuery
    #: Names the store, as a URI.
    origin: str

    @property
    def query(self) -> LogQuery:
        """The rows of the topic."""
        return self.topic_query

    def key_of(self, row: StoredRow) -> str:
        """Topic and key; a message without key has only itself."""
        return letter_key(row[2], row[3], as_uuid(row[1]))

    def bucket_of(self, row: StoredRow) -> int:
        """As it is stored."""
        return int(row[4])

    def id_of(self, row: StoredRow) -> UUID:
        """The message's id."""
        return as_uuid(row[1])

    def name_of(self, row: StoredRow) -> str:
        """Its id and topic."""
        return f"message {row[1]} ({row[2]})"

    def facts_of(self, row: StoredRow) -> dict[str, object]:
        """Its id and topic."""
        return {"message_id": str(row[1]), "topic": row[2]}

    def parcel(self, row: StoredRow) -> Parcel:
        """The one message, unless somebody has damaged the row."""
        key = self.key_of(row)
        try:
            return Parcel(row, key, (self._message(row),))
        except _UNREADABLE as error:
            return Parcel(row, key, unreadable=described(error), hopeless=True)

    def at_once(self, rows: Sequence[StoredRow], *, keeps_order: bool) -> list[Message] | None:
        """The messages of a page without two of one key, or for a publisher that keeps order."""
        keys = [row[3] for row in rows if row[3] is not None]
        if not keeps_order and len(keys) != len({*keys}):
            return None
        try:
            return Page.of(rows, self.origin).messages(rows)
        except _UNREADABLE:
            return None

    def _message(self, row: StoredRow) -> Message:
        return Message(
            message_id=UUID(str(row[1])),  # a damaged one is never sent
            topic=row[2],
            key=row[3],
            payload=bytes(row[6]),
            headers=headers_of(row[5]),
            content_type=row[7],
            position=row[0],
            created_at=moment_of(row[8]),
            source=self.origin,
        )
