"""What one row of a log has to send, and where such rows come from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, Protocol, cast
from uuid import UUID

from attrs import define, frozen

from sourcery.columns import moment_of
from sourcery.errors import DatabaseMisconfigured
from sourcery.log import LogQuery, MessageQuery
from sourcery.messages import Message
from sourcery.outbox import letter_key
from sourcery.recorded import StoredRow, as_uuid
from sourcery.worker.failures import Failure, described
from sourcery.worker.source import POSITION, Source

_NO_HEADERS: Final = "{}"


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


def headers_of(text: str | bytes) -> dict[str, str]:
    """Headers as they are stored. Raises `ValueError` or `RecursionError` for damaged ones."""
    if text == _NO_HEADERS:
        return {}
    headers: object = json.loads(text)
    if not isinstance(headers, dict):
        raise ValueError("its headers are no object")  # noqa: TRY004 - of a stored text
    if not all(isinstance(value, str) for value in cast("dict[str, Any]", headers).values()):
        raise ValueError("a header of it is no text")
    made = cast("dict[str, str]", headers)
    "".join([*made, *made.values()]).encode()  # JSON may hold half of a character
    return made
