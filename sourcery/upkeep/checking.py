"""Verifying the log: its streams, its payloads, and what consumers hold on to. Only reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final

from attrs import define, field, frozen
from sqlalchemy import Connection, func, or_, select

from sourcery import schema
from sourcery.codec import Decoder
from sourcery.context import decode_metadata
from sourcery.errors import DecodeError, StoreRewound
from sourcery.log import Query
from sourcery.reading import read_events
from sourcery.recorded import Recorded, StoredRow
from sourcery.selection import Selection, check_call
from sourcery.store import EventStore
from sourcery.stream import Stream
from sourcery.upkeep.stored import is_json

_KIND, _DATA, _METADATA = 5, 7, 8
#: Problems of one sort that are told.
_MOST: Final = 1000
#: Events between two reports.
_BETWEEN: Final = 1000

_events, _letters, _outbox = schema.events.c, schema.dead_letters.c, schema.outbox.c


class Trouble(StrEnum):
    """What is wrong."""

    #: Positions were lost, or a checkpoint is beyond all that were given out.
    REWOUND = "rewound"
    #: Versions of a stream do not follow each other.
    GAP = "gap"
    #: A later version has an earlier position.
    DISORDER = "disorder"
    #: An event cannot be read.
    UNDECODABLE = "undecodable"
    #: A dead letter names an event or message that is not there.
    LETTER = "letter"


@frozen(kw_only=True)
class Problem:
    """One thing that is wrong."""

    what: Trouble
    position: int | None
    #: The stream as `category/id`, or the consumer.
    where: str
    text: str


@define(kw_only=True)
class LogCheck:
    """What came of verifying a log."""

    #: Events that were looked at.
    events: int = 0
    #: The first 1,000 of each sort.
    problems: list[Problem] = field(factory=list[Problem])
    #: How many there are of each sort; those of streams are counted up to 1,000.
    counts: Counter[Trouble] = field(factory=Counter[Trouble])
    #: Stored kinds that the store declares no class for, and their events.
    undeclared: Counter[str] = field(factory=Counter[str])

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return not self.counts

    def add(self, problem: Problem) -> None:
        """Count it, and tell it if not too many were told."""
        if self.counts[problem.what] < _MOST:
            self.problems.append(problem)
        self.counts[problem.what] += 1


def verify_log(
    store: EventStore,
    *,
    decode: bool = True,
    on_checked: Callable[[LogCheck], object] | None = None,
) -> LogCheck:
    """Look at every stream, every settled event and every dead letter.

    With `decode` events are read as the classes that the store declares; else, only as JSON.
    `on_checked` is called each 1,000 events. Costs a read of the log and a sort of its versions.
    """
    check_call("on_checked", on_checked)
    check = LogCheck()
    try:
        store.database.restart()
    except StoreRewound as error:
        check.add(_problem(Trouble.REWOUND, None, "store", error.problem))
        return check
    with store.database.reading() as connection:
        for problem in (*_of_streams(connection), *_of_letters(connection)):
            check.add(problem)
    decoder = store.decoder(store.wanted(None, "verify_log")) if decode else None
    for _ in _looked_at(store, _Checker(check, decoder)):
        check.events += 1
        if on_checked is not None and check.events % _BETWEEN == 0:
            on_checked(check)
    return check


def _problem(what: Trouble, position: int | None, where: str, text: str) -> Problem:
    return Problem(what=what, position=position, where=where, text=text)


def _of_streams(connection: Connection) -> Iterator[Problem]:
    """Each event beside the one before it in its stream, in one statement."""
    window: dict[str, Any] = {
        "partition_by": (_events.category, _events.stream_id),
        "order_by": _events.version,
    }
    lagged: dict[str, Any] = {
        name: func.coalesce(func.lag(column).over(**window), 0).label(name)
        for name, column in (("before", _events.version), ("at", _events.position))
    }
    named: list[Any] = [_events.category, _events.stream_id, _events.position, _events.version]
    row = select(*named, *lagged.values()).subquery().c
    wrong = or_(row.version != row.before + 1, row.position < row.at)
    names = ("category", "stream_id", "position", "version", "before", "at")
    columns: list[Any] = [row[name] for name in names]
    found = select(*columns).where(wrong).order_by(row.position)
    for pair in connection.execute(found.limit(_MOST)):
        category, id, position, version, before, at = tuple[Any, ...](pair)
        where = Stream(category, id).path
        if version != before + 1:
            text = f"version {version} follows version {before}"
            yield _problem(Trouble.GAP, position, where, text)
        if position < at:
            text = f"version {version} is before version {before}, at position {at}"
            yield _problem(Trouble.DISORDER, position, where, text)


def _of_letters(connection: Connection) -> Iterable[Problem]:
    missing = (
        select(_letters.consumer, _letters.position)
        .select_from(
            schema.dead_letters.outerjoin(
                schema.events, _events.position == _letters.position
            ).outerjoin(schema.outbox, _outbox.position == _letters.position)
        )
        .where(_events.position.is_(None), _outbox.position.is_(None))
        .order_by(_letters.consumer, _letters.position)
        .limit(_MOST)
    )
    for consumer, position in connection.execute(missing):
        yield _problem(Trouble.LETTER, position, consumer, "its event or message is not there")


def _looked_at(store: EventStore, checker: _Checker) -> Iterator[Recorded[Any]]:
    return read_events(store.database, checker, Selection(query=Query()))


@frozen
class _Checker:
    """Takes rows as a decoder does, and notes what is wrong instead of raising."""

    check: LogCheck
    decoder: Decoder | None

    def decode(self, row: StoredRow) -> Sequence[Recorded[Any]]:
        recorded = Recorded(None, row)
        if (problem := self._problem(row)) is not None:
            where = recorded.stream.path
            self.check.add(_problem(Trouble.UNDECODABLE, recorded.position, where, problem))
        return (recorded,)

    def _problem(self, row: StoredRow) -> str | None:
        try:
            decode_metadata(row[_METADATA])
        except Exception as error:  # noqa: BLE001 - all that can be wrong with stored data
            return f"its metadata cannot be read: {type(error).__name__}"
        if self.decoder is None:
            return None if is_json(row[_DATA]) else "it is not valid JSON"
        if row[_KIND] not in self.decoder.kinds:
            self.check.undeclared[row[_KIND]] += 1
            return None
        try:
            self.decoder.decode(row)
        except DecodeError as error:
            return str(error)
        return None
