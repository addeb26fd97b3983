"""Waiting until a consumer has handled what a token names."""

from __future__ import annotations

import time
from typing import Final

from attrs import define, field
from sqlalchemy import Connection

from sourcery.consumers import ConsumerRow, Letter, LetterStatus, Status, all_shards, rows_of
from sourcery.consumers.letters import head_of_key, letters_between
from sourcery.consumers.steering import await_position
from sourcery.control.looking import poll, with_locked_rows
from sourcery.errors import ConsumerFailed, ConsumerNotFound, TokenRefused, WaitTimeout
from sourcery.identity import check_token
from sourcery.log import Query, page
from sourcery.store import EventStore
from sourcery.token import Token

_EVENT_ID: Final = 4
_ANY: Final = Query()
#: Seconds until an owner is asked to write its checkpoint: mostly it has by then.
_PATIENCE: Final = 0.03


def wait_for(store: EventStore, name: str, token: Token, timeout: float) -> None:
    """Wait until every shard that the token's events fall to has passed them."""
    check_token(store.database.identity, token)
    awaiting = _Awaiting(store, name, token)
    if poll(store.database, timeout, awaiting.look) is None:
        reached = min(row.position for row in awaiting.rows)
        settled, who = store.database.frontier().settled, f"consumer {name!a}"
        raise WaitTimeout(who, timeout, token.last, reached, settled, awaiting.because)


@define
class _Awaiting:
    store: EventStore
    name: str
    token: Token
    #: The shards that must pass the token, as they were seen last.
    rows: list[ConsumerRow] = field(factory=list[ConsumerRow])
    _began: float = field(factory=time.monotonic)

    def look(self, left: float) -> bool | None:
        """True when all have; raises `ConsumerFailed` when that will never be."""
        database = self.store.database
        with database.reading() as connection:
            rows = rows_of(connection, database.dialect, self.name)
            if not rows:
                raise ConsumerNotFound(self.name)
            all_shards(rows)
            shards = {bucket % len(rows) for bucket in self.token.buckets}
            self.rows = [row for row in rows if row.shard in shards or not shards]
            behind = [row for row in self.rows if row.position < self.token.last]
            if not behind:
                self._check_commit(connection)
                # letters commit with the checkpoint: what is there was there when it moved
                self._check_letters(connection, len(rows))
                return True
        self._check_faults(behind)
        self._hurry(behind)
        return None

    @property
    def because(self) -> str | None:
        """What keeps a shard from moving, where its row says so."""
        paused = [row for row in self.rows if row.status is Status.PAUSED]
        return f"it is paused: call Consumer(store, {self.name!a}).resume()" if paused else None

    def _check_faults(self, behind: list[ConsumerRow]) -> None:
        for row in behind:
            if row.status is Status.FAULTED:
                raise ConsumerFailed(self.name, row.shard, None, row.error or "unknown")

    def _check_commit(self, connection: Connection) -> None:
        """The positions may have been given to others since."""
        if self.token.event_id is None:
            return
        dialect, first = self.store.database.dialect, self.token.first
        found = page(connection, dialect, _ANY, above=first - 1, upto=first, limit=1)
        if not found or str(found[0][_EVENT_ID]) != self.token.event_id:
            raise TokenRefused("names a commit that was rolled back, or lost with its server")

    def _check_letters(self, connection: Connection, shards: int) -> None:
        """Whatever the status of a letter, its event was not handled.

        A token of everything until now is told only of letters that nobody has decided on yet.
        """
        buckets, last = self.token.buckets, self.token.last
        first = self.token.first if buckets else 1
        for letter in letters_between(connection, self.name, first, last):
            if letter.bucket in buckets if buckets else letter.status.closes_key:
                cause = _cause(connection, letter)
                raise ConsumerFailed(self.name, letter.bucket % shards, letter.position, cause)

    def _hurry(self, behind: list[ConsumerRow]) -> None:
        """Have owners write a checkpoint that only moved over events of others."""
        if time.monotonic() < self._began + _PATIENCE:
            return
        for row in behind:
            if row.awaited < self.token.last and self._await(row.shard):
                self.store.database.committed()

    def _await(self, shard: int) -> bool | None:
        def work(connection: Connection, rows: list[ConsumerRow]) -> bool:
            await_position(connection, self.name, shard, self.token.last)
            return True

        return with_locked_rows(self.store.database, self.name, work, 0, shard)


def _cause(connection: Connection, letter: Letter) -> str:
    """Why the event was not handled; one that waits has no error of its own."""
    if letter.error is None:
        head = head_of_key(connection, letter.consumer, letter.key)
        if head is not None and head.position != letter.position:
            return f"waits behind position {head.position} of its key: {_error(head)}"
    return _error(letter)


def _error(letter: Letter) -> str:
    if letter.status is LetterStatus.DEAD:
        return f"dropped: {letter.error}"
    known = [text for text in (letter.error_class, letter.error) if text]
    return ": ".join(known) or letter.status.value
