"""What the rules of all parts share: the world, the model, and who holds what."""

from __future__ import annotations

from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, multiple

from sourcery import Token
from tests.model.log import Entry, Log
from tests.model.queues import Reader
from tests.model.work import Append
from tests.model.world import World


class Part(RuleBasedStateMachine):
    """A history in the making."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.log = Log()
        self.readers: dict[str, Reader] = {}
        #: Units of work, and transactions of callers, that are open.
        self.opened: list[Any] = []
        self.callers: list[Any] = []
        #: Who holds the only writer of SQLite.
        self.writer: object = None
        #: Appends with event ids of the caller's, stored or not.
        self.named: list[Append] = []
        #: Of units of work of their own that were committed, with what these wrote.
        self.tokens: list[tuple[Token, list[Entry]]] = []
        #: Whether there may be something new since the last look.
        self.changed = False
        #: Entries that were stored at the last look, by identity.
        self.known: set[int] = set()
        self._counted = 0

    def count(self) -> int:
        """Tell one thing from all others of this history."""
        self._counted += 1
        return self._counted

    def may_write(self, by: object = None) -> bool:
        """Whether a writer would not wait for one that is open."""
        return self.world.concurrent or self.writer is None or self.writer is by


def nothing_open() -> Any:
    """Nothing was added to a bundle."""
    return multiple()
