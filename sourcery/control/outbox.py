"""What became of messages: of one, of many, and in all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from attrs import frozen
from sqlalchemy import Connection, Select, select

from sourcery import schema
from sourcery.columns import moment_of, unread
from sourcery.consumers import Letter, LetterStatus
from sourcery.consumers.letters import letters_between
from sourcery.errors import InvalidArgument
from sourcery.recorded import as_uuid
from sourcery.retention import Cursors, cursors
from sourcery.selection import check_position
from sourcery.store import EventStore
from sourcery.stream import TOPIC_LENGTH, check_name

_outbox = schema.outbox.c
_letters = schema.dead_letters.c
_NAMES: Final = ("position", "message_id", "topic", "key", "bucket", "content_type")
#: Rows looked at with one statement.
_PAGE: Final = 500


class MessageState(StrEnum):
    """Where a message is on its way, by one relay; the most pressing first."""

    #: Given up: its attempts are spent, or the broker refused it. It waits for somebody.
    PARKED = "parked"
    #: It failed, and is tried again.
    BLOCKED = "blocked"
    #: It waits behind an earlier message of its key.
    BEHIND = "behind"
    #: Not sent yet.
    PENDING = "pending"
    #: Dropped by hand, with a reason.
    DEAD = "dead"
    #: Passed over by the error policy.
    SKIPPED = "skipped"
    SENT = "sent"


@frozen(kw_only=True)
class OutboxMessage:
    """A message of the outbox, and what relays have done with it."""

    message_id: UUID
    topic: str
    key: str | None
    position: int
    content_type: str
    created_at: datetime
    #: By consumer ("relay:payments"); empty when no relay has ever read its topic.
    relays: Mapping[str, MessageState]
    #: The last error of those that hold it up.
    error: str | None

    @property
    def state(self) -> MessageState:
        """The most pressing one; pending when nobody reads its topic."""
        order = list(MessageState)
        return min(self.relays.values(), key=order.index, default=MessageState.PENDING)


def outbox_message(store: EventStore, message_id: UUID | str) -> OutboxMessage | None:
    """One message by its id, a UUID; None when it is not there, or not any more."""
    dialect = store.database.dialect
    wanted = _outbox.message_id == dialect.id_value(_as_id(message_id))
    with store.database.reading() as connection:
        looking = _Looking(store, connection)
        found = list(looking.states(connection.execute(_rows().where(wanted)).all()))
    return found[0] if found else None


def outbox_messages(
    store: EventStore,
    *,
    status: MessageState | str | None = None,
    topic: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[OutboxMessage]:
    """Messages in order of position, those with a state by any relay; at most `limit`.

    `after` is a position, exclusive: go on after that of the last one. Raises `InvalidArgument`
    for a state that there is not, `InvalidName` for what is no topic.
    """
    wanted = None if status is None else _state(status)
    if topic is not None:
        check_name("topic", topic, TOPIC_LENGTH)
    check_position("after", after)
    if check_position("limit", limit) == 0:
        return []
    with store.database.reading() as connection:
        looking = _Looking(store, connection)
        return looking.page(wanted, topic, after, limit)


def _as_id(given: UUID | str) -> UUID:
    try:
        return given if isinstance(given, UUID) else UUID(given)
    except (ValueError, AttributeError, TypeError):
        raise InvalidArgument("message_id", "must be a UUID") from None


def _state(status: MessageState | str) -> MessageState:
    try:
        return MessageState(status)
    except ValueError:
        known = ", ".join(state.value for state in MessageState)
        raise InvalidArgument("status", f"must be one of {known}") from None


def _rows() -> Select[Any]:
    return select(*[_outbox[name] for name in _NAMES], unread(_outbox.created_at))


class _Looking:
    """What is known of relays, for the length of one call."""

    def __init__(self, store: EventStore, connection: Connection) -> None:
        self._connection = connection
        self._cursors = cursors(connection, store.database.dialect)

    def page(
        self, wanted: MessageState | None, topic: str | None, after: int, limit: int
    ) -> list[OutboxMessage]:
        """Go on page by page until there are enough."""
        found: list[OutboxMessage] = []
        above: int | None = max(after, self._first(wanted, topic))
        while above is not None and len(found) < limit:
            rows = self._rows(wanted, topic, above)
            states = self.states(rows)
            found += [m for m in states if wanted is None or _has(m, wanted)]
            above = rows[-1][0] if len(rows) == _PAGE else None
        return found[:limit]

    def _first(self, wanted: MessageState | None, topic: str | None) -> int:
        """Below this nothing is pending, where all that is there has been read."""
        if wanted is not MessageState.PENDING or topic is None:
            return 0
        return self._cursors.get(topic, Cursors(topic)).floor

    def _rows(self, wanted: MessageState | None, topic: str | None, above: int) -> Sequence[Any]:
        rows = _rows().where(_outbox.position > above)
        if topic is not None:
            rows = rows.where(_outbox.topic == topic)
        if wanted is not None and wanted in _OF_LETTERS:
            letters = select(_letters.position).where(_letters.status == wanted.value)
            letters = letters.where(_letters.consumer.in_(self._relays(topic)))
            rows = rows.where(_outbox.position.in_(letters))
        return self._connection.execute(rows.order_by(_outbox.position).limit(_PAGE)).all()

    def _relays(self, topic: str | None) -> list[str]:
        known = self._cursors.values() if topic is None else [self._cursors.get(topic)]
        return [relay for of_topic in known if of_topic for relay in of_topic.relays]

    def states(self, rows: Sequence[Any]) -> Iterator[OutboxMessage]:
        """The rows of one page with what became of them."""
        letters = self._letters_of(rows)
        for position, message_id, topic, key, bucket, content_type, created_at in rows:
            of_topic = self._cursors.get(topic, Cursors(topic))
            own = {x.consumer: x for x in letters.get(position, ())}
            relays = {r: _state_by(of_topic, r, bucket, position, own) for r in of_topic.relays}
            yield OutboxMessage(
                message_id=as_uuid(message_id),
                topic=topic,
                key=key,
                position=position,
                content_type=content_type,
                created_at=moment_of(created_at),
                relays=relays,
                error=next((x.error for x in own.values() if x.error is not None), None),
            )

    def _letters_of(self, rows: Sequence[Any]) -> dict[int, list[Letter]]:
        found: dict[int, list[Letter]] = {}
        if not rows:
            return found
        for relay in self._relays_of(row[2] for row in rows):
            for letter in letters_between(self._connection, relay, rows[0][0], rows[-1][0]):
                found.setdefault(letter.position, []).append(letter)
        return found

    def _relays_of(self, topics: Iterable[str]) -> list[str]:
        return [relay for topic in sorted(set(topics)) for relay in self._relays(topic)]


_OF_LETTERS: Final = frozenset(MessageState(status.value) for status in LetterStatus)


def _has(message: OutboxMessage, wanted: MessageState) -> bool:
    return wanted in message.relays.values() or (not message.relays and message.state is wanted)


def _state_by(
    of_topic: Cursors, relay: str, bucket: int, position: int, letters: dict[str, Letter]
) -> MessageState:
    """By its letter, or by the checkpoint of its shard."""
    if relay in letters:
        return MessageState(letters[relay].status.value)
    rows = [row for row in of_topic.rows if row.name == relay]
    is_passed = any(bucket % r.shards == r.shard and r.position >= position for r in rows)
    return MessageState.SENT if is_passed else MessageState.PENDING
