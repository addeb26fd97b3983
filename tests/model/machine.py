"""The machine: all rules together, and what holds after each of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import combinations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from tests.model.consumers import CONSUMERS
from tests.model.reading import Reading
from tests.model.relaying import Relaying
from tests.model.steering import Steering
from tests.model.world import World
from tests.model.writing import Op, Writing, beginnings

PAIRS = list(combinations(CONSUMERS, 2))


class Machine(Writing, Reading, Steering, Relaying):
    """A history of everything at once."""

    def __init__(self) -> None:
        super().__init__()
        #: What is handled while this history runs, if it repeats one that failed.
        self._before = sys.exc_info()[1]

    @initialize(ordered=st.booleans(), about=st.sampled_from(PAIRS), given=beginnings)
    def begin_history(
        self, ordered: bool, about: tuple[str, str], given: Sequence[Sequence[Op]]
    ) -> None:
        """Begin with a few units of work, and choose the consumers that this history is about."""
        self.about = list(about)
        self.world.empty(ordered=ordered)
        for unit in given:
            self.unit_of_work(unit, abandoned=1)
            self.everything_is_stored()

    @invariant()
    def everything_is_stored(self) -> None:
        """The log, the outbox, the inbox and the caller's rows are those of the model."""
        self.world.steps += 1
        if not self.changed:
            return
        self.changed = False
        self.learn(self.world.log())
        self._learn_messages()
        assert self.log.notes == self.world.notes()
        assert self.log.accepted == self.world.accepted()
        self._nobody_was_too_fast()
        self._check_token()

    def _learn_messages(self) -> None:
        messages, stored = self.log.messages(), self.world.outbox()
        assert len(messages) == len(stored)
        for message, (position, message_id) in zip(messages, stored, strict=True):
            assert message.position in (0, position)
            message.position, message.id = position, message_id

    def _nobody_was_too_fast(self) -> None:
        """No checkpoint is beyond what was in flight when it came there."""
        stored = [entry for entry in self.log.entries if entry.owner is None]
        for entry in stored:
            for reader in self.readers.values() if id(entry) not in self.known else ():
                furthest = max(reader.positions, default=0)
                assert entry.position > furthest, f"{reader.name} has passed {entry}"
        self.known = {id(entry) for entry in stored}

    def _check_token(self) -> None:
        """A token names exactly what was written."""
        token, entries = self.tokens[-1] if self.tokens else (None, [])
        if token is not None and entries:
            assert (entries[0].position, entries[-1].position) == (token.first, token.last)

    def teardown(self) -> None:
        """The end of a history: all transactions end, and all readers come to theirs."""
        for work in list(self.opened):
            self.close(work, keep=False)
        for caller in self.callers:
            self.end_transaction(caller, keep=True)
        self.callers = []
        if sys.exc_info()[1] is self._before:  # else it ended where something was found
            self.everything_is_stored()
            self.finish_subscribers()
            self.everything_is_stored()
            self.finish_relays()
            self.everything_is_stored()


def machine_of(world: World) -> type[Machine]:
    """The machine for one world."""
    return type("Model", (Machine,), {"world": world})
