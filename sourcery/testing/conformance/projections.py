"""The projections that the tests keep current."""

from threading import Event
from typing import Any

from attrs import define, field

from sourcery import EventStore, Projection, Recorded
from sourcery.testing.conformance.happened import Happened


class Refused(Exception):
    """What `apply` never should raise."""


@define
class History(Projection[Happened], name="history"):
    """All that was folded in, in two fields that agree whenever nothing is half done."""

    positions: list[int] = field(factory=list[int])
    versions: dict[str, int] = field(factory=dict[str, int])

    def apply(self, recorded: Recorded[Happened]) -> None:
        """Evolve."""
        self.positions.append(recorded.position)
        stream = f"{recorded.stream.category}/{recorded.stream.id}"
        assert recorded.version > self.versions.get(stream, 0)
        self.versions[stream] = recorded.version

    @property
    def is_whole(self) -> bool:
        """Whether the fields agree; each stream holds only what happened."""
        return len(self.positions) == sum(self.versions.values())


@define
class OfThings(History, name="of-things", categories=["thing"]):
    """Only streams of one category."""


@define
class OfThing(History, name="of-thing", categories=["thing", "other"], per="stream"):
    """One for each id, whatever of the two it is the id of."""


@define
class OfNumber(History, name="of-number"):
    """One for each number that happened."""

    def concerns(self, recorded: Recorded[Happened]) -> bool:
        """Select."""
        return str(recorded.event.number) == self.id


@define
class Picky(History, name="picky"):
    """Refuses number 13, with a text that nobody else must show."""

    def apply(self, recorded: Recorded[Happened]) -> None:
        """Evolve, or not."""
        if recorded.event.number == 13:
            raise Refused("the payload was 13")
        super().apply(recorded)


gate: Event = Event()


@define
class Gated(History, name="gated"):
    """Holds the thread until the test opens the gate."""

    def apply(self, recorded: Recorded[Happened]) -> None:
        """Wait, and evolve."""
        assert gate.wait(20)
        super().apply(recorded)


def read(store: EventStore, upto: int, **options: Any) -> list[int]:
    """Give the positions of the log up to one, to compare with."""
    return [r.position for r in store.read(events=Happened, to=upto, **options)]
