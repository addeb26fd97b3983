"""The inbox: ids of messages that consumers fed by a broker have accepted. Never commits.

A row is kept until `purge` removes it, and what was removed leaves a mark: for each consumer, the
latest time among the removed rows. A row's time is never before its message was sent. So a message
sent after the mark has its row still, if it was ever accepted; of one sent before it nobody
knows, and it is refused.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import RFC_4122, UUID

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from sourcery import schema
from sourcery.columns import moment_of
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement
from sourcery.errors import InvalidArgument, InvalidName, MessageTooOld
from sourcery.stream import CONSUMER_LENGTH, MESSAGE_ID_LENGTH, check_name

_c = schema.inbox.c
_this = (_c.consumer == bindparam("of_consumer")) & (_c.message_id == bindparam("of_message"))

#: The id of the row that is a consumer's mark: no message has it.
MARK: Final = ""
#: Milliseconds since 1970 at the end of the last year that Python knows.
_LAST_MILLISECOND: Final = 253_402_300_799_999
_VERSION_7: Final = 7
_LENGTH_OF_A_UUID: Final = 36

_TIMES: Final = Statement(
    select(_c.message_id, _c.received_at)
    .where(_c.consumer == bindparam("of_consumer"))
    .where((_c.message_id == bindparam("of_message")) | (_c.message_id == MARK))
)
_FORGET: Final = Statement(delete(schema.inbox).where(_this))
_SET_TIME: Final = Statement(update(schema.inbox).where(_this).values(received_at=bindparam("to")))
_RAISE_MARK: Final = Statement(
    update(schema.inbox)
    .where(_this & (_c.received_at < bindparam("to")))
    .values(received_at=bindparam("to"))
)
_OLDEST: Final = Statement(
    select(_c.consumer, _c.message_id, _c.received_at)
    .where((_c.received_at <= bindparam("before")) & (_c.message_id != MARK))
    .order_by(_c.received_at)
    .limit(bindparam("count"))
)


def accept(
    connection: Connection,
    dialect: Dialect,
    consumer: str,
    message_id: str | UUID,
    sent_at: datetime | None = None,
) -> bool:
    """Whether the consumer is given this message for the first time; remember that it was.

    Waits for a transaction that accepts the same id now: False when that commits. Raises
    `MessageTooOld` when the rows of its time were removed, so that nobody can tell.
    """
    consumer = check_name("consumer", consumer, CONSUMER_LENGTH)
    place = {"of_consumer": consumer, "of_message": _id_text(message_id)}
    if not _insert(connection, dialect, place, None):
        return False
    sent = _time_of(place["of_message"]) if sent_at is None else _aware(sent_at)
    if sent is not None:
        _check_age(connection, dialect, place, sent)
    return True


def _id_text(message_id: object) -> str:
    if not isinstance(message_id, str | UUID):
        problem = f"must be a str or UUID, not {type(message_id).__name__}"
        raise InvalidName("message id", type(message_id).__name__, problem)
    text = str(message_id) if isinstance(message_id, UUID) else message_id
    return check_name("message id", text, MESSAGE_ID_LENGTH)


def _time_of(message_id: str) -> datetime | None:
    """When an id that is a UUIDv7 was made; None for any other."""
    if len(message_id) != _LENGTH_OF_A_UUID:
        return None
    try:
        found = UUID(message_id)
    except ValueError:
        return None
    milliseconds = found.int >> 80
    is_timed = found.variant == RFC_4122 and found.version == _VERSION_7
    if not is_timed or milliseconds > _LAST_MILLISECOND:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _aware(moment: datetime) -> datetime:
    if not _is_datetime(moment) or moment.utcoffset() is None:
        raise InvalidArgument("sent_at", "must be a datetime with a time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidArgument("sent_at", "is a time that UTC has no date for") from None


def _is_datetime(value: object) -> bool:
    return isinstance(value, datetime)


def _check_age(
    connection: Connection, dialect: Dialect, place: dict[str, str], sent: datetime
) -> None:
    """Refuse what may have been accepted before, with a new row written already.

    In this order: whoever removed the row of an earlier time has raised the mark by now.
    """
    times = {row[0]: moment_of(row[1]) for row in _TIMES.run(connection, dict(place))}
    mark = times.get(MARK)
    if mark is not None and sent <= mark:
        _FORGET.run(connection, dict(place))
        raise MessageTooOld(place["of_consumer"], place["of_message"], sent, mark)
    if times[place["of_message"]] < sent:  # by a clock that is ahead of ours
        _SET_TIME.run(connection, place | {"to": dialect.moment_value(sent)})


def purge(connection: Connection, dialect: Dialect, before: datetime, count: int) -> int:
    """Remove at most `count` of the oldest rows received by a time; how many were removed.

    The marks of their consumers are raised first, in the same transaction.
    """
    values = {"before": dialect.moment_value(before), "count": count}
    rows = _OLDEST.run(connection, values).all()
    ids: dict[str, list[str]] = {}
    latest: dict[str, datetime] = {}
    for consumer, message_id, received_at in rows:
        ids.setdefault(consumer, []).append(message_id)
        latest[consumer] = moment_of(received_at)
    for consumer in sorted(ids):  # two purges lock in one order
        _raise_mark(connection, dialect, consumer, latest[consumer])
    for consumer in sorted(ids):
        gone = (_c.consumer == consumer) & _c.message_id.in_(ids[consumer])
        connection.execute(delete(schema.inbox).where(gone))
    return len(rows)


def _raise_mark(connection: Connection, dialect: Dialect, consumer: str, moment: datetime) -> None:
    place = {"of_consumer": consumer, "of_message": MARK}
    to = place | {"to": dialect.moment_value(moment)}
    if _RAISE_MARK.run(connection, to).rowcount or _insert(connection, dialect, place, moment):
        return
    _RAISE_MARK.run(connection, to)  # another purge has made it meanwhile, or it is later already


# -- inserting once --------------------------------------------------------------------


@lru_cache(maxsize=64)
def _row(dialect: Dialect, *, timed: bool) -> tuple[Statement, bool]:
    """The insert, and whether it passes over a row that is there by itself."""
    values: dict[str, Any] = {
        "consumer": bindparam("of_consumer"),
        "message_id": bindparam("of_message"),
        "received_at": bindparam("to") if timed else dialect.now_moment(),
    }
    quiet = dialect.unless_there(schema.inbox, values)
    row = insert(schema.inbox).values(values) if quiet is None else quiet
    return Statement(row), quiet is not None


def _insert(
    connection: Connection, dialect: Dialect, place: dict[str, str], moment: datetime | None
) -> bool:
    """Insert a row, at the database's time or another; False when its key is there."""
    statement, quiet = _row(dialect, timed=moment is not None)
    values: dict[str, Any] = dict(place)
    if moment is not None:
        values["to"] = dialect.moment_value(moment)
    if quiet:
        return statement.run(connection, values).rowcount == 1
    try:
        with connection.begin_nested():
            statement.run(connection, values)
    except IntegrityError:  # no column is ever null, so it is the key
        return False
    return True
