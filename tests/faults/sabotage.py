"""Safeguards of a subscriber switched off, to see that the tests of faults notice it.

Each is called once in the process of a worker, before it begins.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import bindparam, update

from sourcery import inbox, schema
from sourcery.consumers import progress
from sourcery.dialects.statements import Statement
from sourcery.testing.conformance.programs.sabotage import (
    checkpoint_first,
    checkpoint_last,
    replace,
)
from sourcery.worker.claims import Claims

_c = schema.consumers.c


def without_fence() -> None:
    """Move the checkpoint whoever has the lease, and wherever it stands."""
    mine = (_c.name == bindparam("of_name")) & (_c.shard == bindparam("of_shard"))
    moved = {"position": bindparam("new"), "updated_at": bindparam("updated")}
    blind = update(schema.consumers).where(mine).values(status=bindparam("state"), **moved)
    replace(progress, "_ADVANCE", Statement(blind))


def without_end() -> None:
    """Leave the connection of a worker that is replaced alone."""
    replace(Claims, "_end_owner", lambda *_: None)


def without_mark() -> None:
    """Forget accepted messages without a trace."""
    replace(inbox, "_raise_mark", lambda *_: None)


SABOTAGES: Final[dict[str, Callable[[], None]]] = {
    each.__name__: each
    for each in (without_fence, without_end, without_mark, checkpoint_first, checkpoint_last)
}
