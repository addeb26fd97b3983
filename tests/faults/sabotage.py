"""Safeguards of a subscriber switched off, to see that the tests of faults notice it.

Each is called once in the process of a worker, before it begins.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import bindparam, update

from sourcery import schema
from sourcery.consumers import progress
from sourcery.dialects.statements import Statement
from sourcery.worker.claims import Claims
from sourcery.worker.unit import PageUnit

#: Seconds that COMMIT takes on a disk; the servers of the tests do not wait for theirs.
_DISK: Final = 0.02
_c = schema.consumers.c


def without_fence() -> None:
    """Move the checkpoint whoever has the lease, and wherever it stands."""
    mine = (_c.name == bindparam("of_name")) & (_c.shard == bindparam("of_shard"))
    moved = {"position": bindparam("new"), "updated_at": bindparam("updated")}
    blind = update(schema.consumers).where(mine).values(status=bindparam("state"), **moved)
    _replace(progress, "_ADVANCE", Statement(blind))


def without_end() -> None:
    """Leave the connection of a worker that is replaced alone."""
    _replace(Claims, "_end_owner", lambda *_: None)


def checkpoint_first() -> None:
    """Commit the checkpoint, then what the handler wrote."""

    def before(unit: PageUnit) -> None:
        _checkpoint_alone(unit)
        time.sleep(_DISK)

    _replace(PageUnit, "_before_write", before)


def checkpoint_last() -> None:
    """Commit what the handler wrote, then the checkpoint."""
    finish = PageUnit._finish

    def both(unit: PageUnit) -> None:
        finish(unit)
        time.sleep(_DISK)
        _checkpoint_alone(unit)

    _replace(PageUnit, "_before_write", lambda _: None)
    _replace(PageUnit, "_finish", both)


def _checkpoint_alone(unit: PageUnit) -> None:
    with unit._store.database.connect_to_write() as connection, connection.begin():
        unit._write(connection)


def _replace(owner: Any, name: str, sabotaged: Any) -> None:
    getattr(owner, name)  # what is not there any more must not be replaced in silence
    setattr(owner, name, sabotaged)


SABOTAGES: Final[dict[str, Callable[[], None]]] = {
    each.__name__: each for each in (without_fence, without_end, checkpoint_first, checkpoint_last)
}
