"""Rules of the library switched off, one at a time: the machine must notice each.

Each is given a `pytest.MonkeyPatch`, which puts the rule back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import pytest
from attrs import evolve
from sqlalchemy import Connection

from sourcery import inbox
from sourcery.changes import Changes
from sourcery.consumers import letters
from sourcery.dialects import Frontier, floors
from sourcery.dialects.postgresql import PostgreSQLDialect
from sourcery.loading import Loading
from sourcery.log import conflict
from sourcery.relay.trip import Trip
from sourcery.testing.conformance.stress import sabotage as ordering
from sourcery.worker.delivery import Work
from sourcery.worker.pages import Pages

Patch = pytest.MonkeyPatch


def reader_without_floor(patch: Patch) -> None:
    """What can be seen is taken for settled."""

    def frontier(self: PostgreSQLDialect, connection: Connection) -> Frontier:
        return evolve(settled(self, connection), settled=self.greatest_position(connection))

    settled = PostgreSQLDialect.frontier
    patch.setattr(PostgreSQLDialect, "frontier", frontier)


def floor_locked_once(patch: Patch) -> None:
    """A floor that went with a savepoint is not locked again."""
    for name, text in ordering.LOCKED_ONCE.items():
        patch.setattr(floors, name, text)
    patch.setattr(floors, "render", cache(floors.render.__wrapped__))


def checkpoint_apart(patch: Patch) -> None:
    """What a handler did commits without the letters and the checkpoint."""
    patch.setattr(Pages, "_write", lambda self, work, connection: None)


def behind_is_handled(patch: Patch) -> None:
    """An event passes the letters of its key."""
    patch.setattr(Work, "is_queued", lambda self, row: False)


def key_is_not_blocked(patch: Patch) -> None:
    """A message passes one of its key that failed."""
    patch.setattr(Trip, "_waits", lambda self, parcel: False)


def letters_survive_a_rewind(patch: Patch) -> None:
    """Letters above the place stay."""
    patch.setattr(letters, "remove_above", lambda *given: None)


def message_lost(patch: Patch) -> None:
    """The last of two messages is not written."""
    batch = Changes.batch

    def shorter(self: Changes, clock: Any) -> Any:
        whole = batch(self, clock)
        return evolve(whole, messages=whole.messages[:1])

    patch.setattr(Changes, "batch", shorter)


def repeat_not_recognised(patch: Patch) -> None:
    """The same append again is a conflict."""
    patch.setattr(conflict, "_repeated", lambda *given: None)


def inbox_forgets(patch: Patch) -> None:
    """A message older than the mark is taken for new."""
    patch.setattr(inbox, "_check_age", lambda *given: None)


def snapshot_is_believed(patch: Patch) -> None:
    """Whether its last event is in the stream is not asked."""
    patch.setattr(Loading, "_is_proved", lambda self, loaded, row, until: True)


Sabotage = Callable[[Patch], None]
#: Those that only positions in flight show. Beside each, the history that has found it.
OF_POSTGRESQL: Final[tuple[Sabotage, ...]] = (
    reader_without_floor,  # 8
    floor_locked_once,  # 45
)
OF_ALL: Final[tuple[Sabotage, ...]] = (
    behind_is_handled,  # 10
    checkpoint_apart,  # 2
    key_is_not_blocked,  # 63
    letters_survive_a_rewind,  # 38
    message_lost,  # 4
    repeat_not_recognised,  # 10
    inbox_forgets,  # 52
    snapshot_is_believed,  # 72
)
