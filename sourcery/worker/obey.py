"""Carrying out a request on one shard, by whoever has its lease.

The owner does it between two pages; `Consumer` does it itself, under a lease of its own, when
nobody runs the shard. The change, the answer and the end of the request commit together.
"""

from __future__ import annotations

from datetime import datetime

from attrs import frozen
from sqlalchemy import Connection

from sourcery.consumers import (
    Answer,
    ConsumerRow,
    Lease,
    LeaseLost,
    Letter,
    LetterGone,
    LetterStatus,
    Request,
    Status,
    answer,
    letters,
    requests,
    steering,
)
from sourcery.consumers.backlog import count_rows
from sourcery.consumers.filters import query_of
from sourcery.dialects import Dialect
from sourcery.log import LogQuery


class _Refused(Exception):
    """What was asked cannot be done; nothing was changed yet."""


def obey(
    connection: Connection,
    dialect: Dialect,
    lease: Lease,
    row: ConsumerRow,
    request: Request,
    now: datetime,
    query: LogQuery | None = None,
) -> Answer:
    """Do what the row's request says, and answer it. Does not commit.

    `row` is as it is stored but for its epoch. `query` tells which events a skip counts, by
    default those of the row's filter. Afterwards read row and letters anew.

    pause        halts; attempts and error stay.
    resume       goes on from a pause, a fault or a hold, with new attempts.
    rewind, skip go to a position, with new attempts there. So they end a fault, which is
                 over when its event is no longer next; a pause stays.
    retry        makes the first letters of keys due.
    drop         gives a letter up for good, and makes the next of its key due.

    Raises `LeaseLost` when another owner was here: roll back.
    """
    obeying = _Obeying(connection, dialect, lease, row, request, now, query)
    try:
        given = Answer(number=row.request_number, count=obeying.run())
    except _Refused as refusal:
        given = Answer(number=row.request_number, refused=str(refusal))
    except LetterGone as error:
        raise LeaseLost from error
    if not answer(connection, lease, given, requests.answers_of(row)):
        raise LeaseLost
    return given


@frozen
class _Obeying:
    connection: Connection
    dialect: Dialect
    lease: Lease
    row: ConsumerRow
    request: Request
    now: datetime
    query: LogQuery | None

    def run(self) -> int:
        """What is counted."""
        ways = {
            requests.PAUSE: self._pause,
            requests.RESUME: self._resume,
            requests.REWIND: self._rewind,
            requests.SKIP: self._skip,
            requests.RETRY: self._retry,
            requests.DROP: self._drop,
        }
        way = ways.get(self.request.what)
        if way is None:
            raise _Refused(f"the release that runs shard {self.row.shard} does not know this")
        return way()

    def _pause(self) -> int:
        old = self.row.position
        steering.pause(self.connection, self.dialect, self.lease, old=old, now=self.now)
        return 0

    def _resume(self) -> int:
        if self.row.hold_at is not None:
            steering.free(self.connection, self.lease, old=self.row.position)
        if self.row.status.halted or self.row.attempts:
            self._place(self.row.position, Status.CATCHING_UP)
        return 0

    def _rewind(self) -> int:
        target = self._position()
        if target < self.row.position:
            self._place(target, self._status())
            letters.remove_above(self.connection, self.row.name, self._shard, target)
        return 0

    def _skip(self) -> int:
        target = self._position()
        if target <= self.row.position:
            return 0  # it has passed it meanwhile, as it was asked to
        settled = self.dialect.frontier(self.connection).settled
        if target > settled:
            raise _Refused(f"position {target} is not settled yet, {settled} is")
        passed = self._count_to(target)
        self._place(target, self._status())
        return passed

    def _count_to(self, target: int) -> int:
        query: LogQuery = self.query or query_of(self.row)
        query = query.of_shard(*self._shard)
        return count_rows(self.connection, query, self.row.position, target)

    def _retry(self) -> int:
        chosen = self._chosen()
        for letter in chosen:
            self._make_due(letter)
        return len(chosen)

    def _chosen(self) -> list[Letter]:
        if self.request.position is not None:
            letter = self._open_letter(self.request.position)
            head = self._head(letter.key)
            if head != letter:
                waits = f"the letter at position {letter.position} waits behind the one at"
                at = "?" if head is None else head.position
                raise _Refused(f"{waits} {at}, the first of its key: retry that one")
            return [letter]
        keys = list(letters.closed_keys(self.connection, self.row.name, self._shard))
        if self.request.key is not None:
            if self.request.key not in keys:
                raise _Refused(f"key {self.request.key!a} has no letter that could be retried")
            keys = [self.request.key]
        return [head for head in map(self._head, keys) if head is not None]

    def _drop(self) -> int:
        letter = self._open_letter(self._position())
        was_head = self._head(letter.key) == letter
        changes = {"status": LetterStatus.DEAD, "error": self.request.reason}
        letters.change(self.connection, self.dialect, letter, next_attempt_at=None, **changes)
        following = self._head(letter.key)
        if was_head and following is not None:
            self._make_due(following)
        return 1

    def _open_letter(self, position: int) -> Letter:
        letter = letters.letter_at(self.connection, self.row.name, position)
        if letter is None or letter.bucket % self.row.shards != self.row.shard:
            raise _Refused(f"there is no letter at position {position}")
        if not letter.status.closes_key:
            status = letter.status.value
            raise _Refused(f"the letter at position {position} is {status}: kept to be looked at")
        return letter

    def _head(self, key: str) -> Letter | None:
        return letters.head_of_key(self.connection, self.row.name, key)

    def _make_due(self, letter: Letter) -> None:
        letters.change(self.connection, self.dialect, letter, next_attempt_at=self.now)

    def _place(self, position: int, status: Status) -> None:
        old, now = self.row.position, self.now
        places = {"old": old, "new": position}
        steering.place(self.connection, self.dialect, self.lease, status=status, now=now, **places)

    def _status(self) -> Status:
        return Status.PAUSED if self.row.status is Status.PAUSED else Status.CATCHING_UP

    def _position(self) -> int:
        if self.request.position is None:
            raise _Refused("it names no position")
        return self.request.position

    @property
    def _shard(self) -> tuple[int, int]:
        return self.row.shard, self.row.shards
