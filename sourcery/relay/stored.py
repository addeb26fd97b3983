"""Messages of outbox rows: checked column by column, decoded when somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from attrs import fields_dict, frozen

from sourcery.columns import moment_of
from sourcery.messages import Message
from sourcery.recorded import StoredRow
from sourcery.relay.headers import headers_of

_new: Final = object.__new__
_set: Final = object.__setattr__
_FIELDS: Final = frozenset(fields_dict(Message))


@frozen(eq=False)
class Page:
    """What rows of one page share: each text that occurs in it, decoded once."""

    source: str
    #: By what the driver made of the column; empty where it made a UUID.
    ids: dict[Any, UUID]
    headers: dict[Any, dict[str, str]]
    moments: dict[Any, datetime]

    @classmethod
    def of(cls, rows: Iterable[StoredRow], source: str) -> Page:
        """Raises whatever reading a row raises that somebody has damaged."""
        _, ids, _, _, _, headers, payloads, _, moments, *_ = zip(*rows, strict=True)
        if {*map(type, payloads)} != {bytes}:
            raise TypeError("a payload is no bytes")
        return cls(
            source,
            {} if {*map(type, ids)} == {UUID} else {id: UUID(str(id)) for id in ids},
            {text: headers_of(text) for text in {*headers}},
            {moment: moment_of(moment) for moment in {*moments}},
        )

    def messages(self, rows: Sequence[StoredRow]) -> list[Message]:
        """One for each of its rows, in order."""
        made: list[Message] = []
        for row in rows:
            message = _new(StoredMessage)
            _set(message, "_row", row)
            _set(message, "_page", self)
            made.append(message)
        return made


class StoredMessage(Message):
    """A message whose fields are made of its row when the first of them is asked for."""

    __slots__ = ("_page", "_row")

    _page: Page
    _row: StoredRow

    def __hash__(self) -> int:
        """As any other message with these fields."""
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        """As any other message with these fields."""
        if not isinstance(other, Message):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _FIELDS)

    def __getattr__(self, name: str) -> Any:
        """Called for a field that is not there yet."""
        if name not in _FIELDS:
            raise AttributeError(name)
        row, page = self._row, self._page
        super().__init__(
            message_id=page.ids[row[1]] if page.ids else row[1],
            topic=row[2],
            key=row[3],
            payload=row[6],
            headers=dict(page.headers[row[5]]),
            content_type=row[7],
            position=row[0],
            created_at=page.moments[row[8]],
            source=page.source,
        )
        return object.__getattribute__(self, name)
