"""Handlers of the histories: each notes what it was given, and fails where it is told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import insert

from sourcery import Recorded, Stream, UnitOfWork
from tests.domain import Deposited, Remarked
from tests.model.consumers import Declared
from tests.model.domain import BY_HAND, MIRROR, delivered
from tests.model.fuse import Fuse


class Sick(Exception):
    """What they fail with."""


#: In the place of a version: all events of a stream.
EVERY: Final = 0


def is_sick(sick: set[tuple[str, str, int]], category: str, id: str, version: int) -> bool:
    """Whether an event is one that a handler fails with."""
    return (category, id, version) in sick or (category, id, EVERY) in sick


@frozen(eq=False)
class Handlers:
    """Those of one consumer."""

    declared: Declared
    #: Events that each consumer fails with: category, id and version.
    sick: dict[str, set[tuple[str, str, int]]]
    #: Positions given to the handler without a transaction.
    effects: list[int]
    fuse: Fuse

    def chosen(self) -> Callable[..., object]:
        """The one that is declared."""
        if self.declared.manages:
            return self.manager
        if self.declared.effects:
            return self.effect
        return self.batch if self.declared.batch else self.each

    def each(self, uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        """Write a row, and then fail perhaps."""
        row = {"consumer": self.declared.name, "position": recorded.position}
        uow.session.execute(insert(delivered).values(row))
        self.fuse.burn()
        self._check(recorded)

    def batch(self, uow: UnitOfWork, page: Sequence[Recorded[Any]]) -> None:
        """A row for each."""
        for recorded in page:
            self.each(uow, recorded)

    def effect(self, recorded: Recorded[Any]) -> None:
        """Outside the database."""
        self._check(recorded)
        self.effects.append(recorded.position)

    def manager(self, uow: UnitOfWork, recorded: Recorded[Deposited]) -> None:
        """Append and publish something for each."""
        self.each(uow, recorded)
        amount = recorded.event.amount
        uow.append(Stream(MIRROR, recorded.stream.id), [Remarked(str(amount))])
        uow.publish(BY_HAND, key="managed", payload={"n": -amount})

    def _check(self, recorded: Recorded[Any]) -> None:
        stream, sick = recorded.stream, self.sick.get(self.declared.name, set())
        if is_sick(sick, stream.category, stream.id, recorded.version):
            raise Sick
