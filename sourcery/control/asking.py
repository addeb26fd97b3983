"""Writing a request on the rows of a consumer, and waiting until it is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final
from uuid import uuid4

from attrs import define
from sqlalchemy import Connection

from sourcery.consumers import (
    Answer,
    ConsumerRow,
    Request,
    all_shards,
    ask,
    release,
    request_of,
    take,
)
from sourcery.consumers.filters import query_of
from sourcery.consumers.requests import answers_of
from sourcery.control.looking import LOCKED, end_owners, poll, rows_now, with_locked_rows
from sourcery.errors import RequestRefused, RequestUnanswered
from sourcery.store import EventStore
from sourcery.worker.obey import obey

#: Chooses the shards that a request is for, by the rows as they are.
Choose = Callable[[list[ConsumerRow]], Iterable[int]]

#: A lease to obey under is given back in the transaction that takes it.
_LEASE: Final = timedelta(seconds=30)


def every_shard(rows: list[ConsumerRow]) -> list[int]:
    """All of them."""
    return [row.shard for row in rows]


def ask_shards(
    store: EventStore,
    name: str,
    request: Request,
    *,
    timeout: float,
    choose: Choose = every_shard,
) -> int:
    """Have a request obeyed by the shards it is for; what they counted in all.

    It is written on all of them in one transaction, after what was asked before is obeyed.
    Raises `ConsumerNotFound`, `RequestRefused`, `RequestUnanswered`.
    """
    asking = _Asking(store, name, request, choose)
    answers = poll(store.database, timeout, asking.go_on)
    if answers is None:
        raise asking.too_late(timeout)
    if refused := [f"shard {n}: {a.refused}" for n, a in answers.items() if a.refused]:
        raise RequestRefused(name, request.what, "; ".join(refused))
    return sum(answer.count for answer in answers.values())


@define
class _Asking:
    store: EventStore
    name: str
    request: Request
    choose: Choose
    #: By shard, once it is written.
    numbers: dict[int, int] | None = None

    def go_on(self, left: float) -> dict[int, Answer] | None:
        """Write it, if it could not be written yet; the answers, once all are there."""
        database = self.store.database
        if self.numbers is None:
            self.numbers = with_locked_rows(database, self.name, self._write, left)
            if self.numbers is not None:
                database.committed()
            else:
                end_owners(database, rows_now(database, self.name))
        obey_unowned(self.store, self.name, left)
        if self.numbers is None:
            return None
        rows = {row.shard: row for row in rows_now(database, self.name)}
        answers = {n: _answer(rows[n], number) for n, number in self.numbers.items() if n in rows}
        given = {n: answer for n, answer in answers.items() if answer is not None}
        return given if len(given) == len(answers) else None

    def _write(self, connection: Connection, rows: list[ConsumerRow]) -> dict[int, int] | None:
        shards = all_shards(rows)
        chosen = [shards[number] for number in self.choose(rows)]
        if any(row.request is not None for row in chosen):
            return None
        numbers = {row.shard: ask(connection, row, self.request) for row in chosen}
        return {shard: number for shard, number in numbers.items() if number is not None}

    def too_late(self, timeout: float) -> Exception:
        """The error of one who waited in vain."""
        if self.numbers is not None:
            return RequestUnanswered(self.name, self.request.what, timeout)
        asked = map(request_of, rows_now(self.store.database, self.name))
        problem = LOCKED
        if before := next(filter(None, asked), None):
            problem = f"{before.what!a}, which was asked before, is not obeyed yet: ask again"
        return RequestRefused(self.name, self.request.what, problem)


def _answer(row: ConsumerRow, number: int) -> Answer | None:
    """What came of a request; without a count when many others were answered since."""
    if row.request is not None and row.request_number == number:
        return None
    kept = {answer.number: answer for answer in answers_of(row)}
    return kept.get(number, Answer(number=number))


def obey_unowned(store: EventStore, name: str, patience: float) -> None:
    """Do what was asked of shards that nobody runs."""
    rows = rows_now(store.database, name)
    waiting = [row for row in rows if row.request is not None and not row.is_owned]
    end_owners(store.database, waiting)
    for row in waiting:
        if _obey_in_its_place(store, name, row.shard, patience):
            store.database.committed()


def _obey_in_its_place(store: EventStore, name: str, shard: int, patience: float) -> bool:
    """Under a lease of our own, taken and given back in one transaction."""
    dialect = store.database.dialect

    def work(connection: Connection, rows: list[ConsumerRow]) -> bool:
        row = rows[shard]
        request = request_of(row)
        if request is None:
            return False
        me = f"control:{uuid4()}"
        lease = take(connection, dialect, row, me, until=row.now + _LEASE, backend=None)
        if lease is None:
            return False
        query = query_of(row, store.stored_kinds)
        obey(connection, dialect, lease, row, request, row.now, query)
        return release(connection, dialect, lease, row.now)

    return with_locked_rows(store.database, name, work, patience, shard) or False
