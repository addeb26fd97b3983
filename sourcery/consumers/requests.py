"""Requests to a consumer: written on its rows by anybody, obeyed by the owner. Nothing commits.

A request has a number. The owner obeys and answers in one transaction that names the number
it saw, so that a request which arrives meanwhile is neither lost nor wiped out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from attrs import asdict, frozen
from sqlalchemy import Connection, bindparam, null, update

from sourcery import schema
from sourcery.consumers.leases import Lease
from sourcery.consumers.rows import ConsumerRow, readable
from sourcery.dialects.statements import Statement

_c = schema.consumers.c
_this = (_c.name == bindparam("of_name")) & (_c.shard == bindparam("of_shard"))

_ASK: Final = Statement(
    update(schema.consumers)
    .where(_this & _c.request.is_(None) & (_c.request_number == bindparam("seen")))
    .values(request=bindparam("asked"), request_number=_c.request_number + 1)
)
_ANSWER: Final = Statement(
    update(schema.consumers)
    .where(_this & (_c.epoch == bindparam("of_epoch")))
    .where(_c.request_number == bindparam("number"))
    .values(request=null(), answer=bindparam("answered"))
)

#: Answers that a row keeps.
_KEPT: Final = 8

PAUSE: Final = "pause"
RESUME: Final = "resume"
REWIND: Final = "rewind"
SKIP: Final = "skip"
RETRY: Final = "retry"
DROP: Final = "drop"


_TYPES: Final = {"what": str, "position": int, "key": str, "reason": str}


@frozen(kw_only=True)
class Request:
    """What a consumer is asked to do."""

    what: str
    #: Position to rewind or skip to; of the letter to retry or drop.
    position: int | None = None
    #: Key whose letters are to be retried.
    key: str | None = None
    #: Why a letter is dropped.
    reason: str | None = None

    def to_json(self) -> str:
        """As it is stored."""
        return json.dumps({k: v for k, v in asdict(self).items() if v is not None})

    @classmethod
    def from_json(cls, text: str) -> Request:
        """As it was stored; fields this release does not know are passed over."""
        stored = json.loads(text)
        known = {name: stored[name] for name in _TYPES if name in stored}
        if any(type(value) is not _TYPES[name] for name, value in known.items()):
            raise TypeError("a field of another type")
        return cls(**known)


@frozen(kw_only=True)
class Answer:
    """What came of a request."""

    number: int
    #: Events passed or letters concerned; 0 where nothing is counted.
    count: int = 0
    #: Why it was not done.
    refused: str | None = None


def request_of(row: ConsumerRow) -> Request | None:
    """What a shard is asked to do."""
    with readable(row.name, "a request to it"):
        return None if row.request is None else Request.from_json(row.request)


def answers_of(row: ConsumerRow) -> list[Answer]:
    """The last answers of a shard, in order."""
    with readable(row.name, "an answer of it"):
        stored: list[dict[str, Any]] = json.loads(row.answer) if row.answer else []
        return [Answer(number=a["number"], count=a["count"], refused=a["refused"]) for a in stored]


def ask(connection: Connection, row: ConsumerRow, request: Request) -> int | None:
    """Write a request on a shard; its number, or None while another waits to be obeyed."""
    values = {"of_name": row.name, "of_shard": row.shard, "asked": request.to_json()}
    asked = _ASK.run(connection, values | {"seen": row.request_number}).rowcount == 1
    return row.request_number + 1 if asked else None


def answer(
    connection: Connection, lease: Lease, given: Answer, before: Sequence[Answer] = ()
) -> bool:
    """Clear the request that was obeyed; False when the lease is lost.

    Some answers from before are kept, for those who have not looked yet.
    """
    answered = json.dumps([asdict(one) for one in [*before, given][-_KEPT:]])
    values = lease.place | {"number": given.number, "answered": answered}
    return _ANSWER.run(connection, values).rowcount == 1
