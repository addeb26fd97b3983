"""Where a checkpoint is written, changed: the same kills must then lose or double events."""

# It reaches inside, to look or to switch a safeguard off.
# pyright: reportPrivateUsage=false

import time
from collections.abc import Callable
from typing import Any, Final

from sourcery.worker.unit import PageUnit

#: Seconds that COMMIT takes on a disk; servers of tests do not wait for theirs.
_DISK: Final = 0.02


def nothing() -> None:
    """As it is: in the transaction of what the handler wrote."""


def checkpoint_first() -> None:
    """Commit the checkpoint, then what the handler wrote."""
    replace(PageUnit, "_before_write", _checkpoint_alone)


def checkpoint_last() -> None:
    """Commit what the handler wrote, then the checkpoint."""
    finish = PageUnit._finish

    def both(unit: PageUnit) -> None:
        finish(unit)
        _checkpoint_alone(unit)

    replace(PageUnit, "_before_write", _leave_out)
    replace(PageUnit, "_finish", both)


def _leave_out(unit: PageUnit) -> None:
    """Write no checkpoint here."""


def _checkpoint_alone(unit: PageUnit) -> None:
    time.sleep(_DISK)  # the moment in which a process may end
    with unit._store.database.connect_to_write() as connection, connection.begin():
        unit._write(connection)


def replace(owner: Any, name: str, sabotaged: Any) -> None:
    """Put something else in the place of a safeguard."""
    getattr(owner, name)  # what is not there any more must not be replaced in silence
    setattr(owner, name, sabotaged)


SABOTAGES: Final[dict[str, Callable[[], None]]] = {
    each.__name__: each for each in (nothing, checkpoint_first, checkpoint_last)
}
