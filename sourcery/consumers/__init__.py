"""Consumers as the database has them: checkpoints, leases, requests and dead letters.

Everything here takes a connection, executes and never commits.
"""

from sourcery.consumers.leases import Lease, expire, leave, release, renew, take, unwant, want
from sourcery.consumers.letters import (
    Letter,
    LetterGone,
    LetterStatus,
    letters_of,
    open_letters,
)
from sourcery.consumers.progress import LeaseLost, advance, fail, hold_still
from sourcery.consumers.requests import Answer, Request, answer, ask, request_of
from sourcery.consumers.rows import (
    ConsumerRow,
    Ownership,
    Status,
    all_rows,
    all_shards,
    owners_of,
    rows_of,
)
from sourcery.consumers.spec import EVENTS, OUTBOX, ConsumerSpec, check_shards, register

__all__ = [
    "EVENTS",
    "OUTBOX",
    "Answer",
    "ConsumerRow",
    "ConsumerSpec",
    "Lease",
    "LeaseLost",
    "Letter",
    "LetterGone",
    "LetterStatus",
    "Ownership",
    "Request",
    "Status",
    "advance",
    "all_rows",
    "all_shards",
    "answer",
    "ask",
    "check_shards",
    "expire",
    "fail",
    "hold_still",
    "leave",
    "letters_of",
    "open_letters",
    "owners_of",
    "register",
    "release",
    "renew",
    "request_of",
    "rows_of",
    "take",
    "unwant",
    "want",
]
