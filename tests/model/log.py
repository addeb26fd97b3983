"""The model of both logs: what was drawn, in order, and what of it is committed.

Positions are handed out in order, when a unit of work ends; what a transaction that is still open
has drawn is *in flight*. It appears at the commit, at its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID
from zlib import crc32

from attrs import define, field

#: Category and id of a stream.
Place: TypeAlias = tuple[str, str]


@define(eq=False)
class Entry:
    """An event or a message."""

    #: Order of drawing, which is that of positions.
    number: int
    #: The open transaction it belongs to; None when it is committed.
    owner: Open | None
    #: Learned when it is first read, and never another one.
    position: int = field(default=0, init=False)

    @property
    def key(self) -> str:
        """What must stay in order."""
        raise NotImplementedError

    @property
    def bucket(self) -> int:
        """What shards are made of."""
        return crc32(self.key.encode()) % 1024


@define(eq=False)
class Event(Entry):
    """An event of a stream."""

    place: Place
    version: int
    body: object
    actor: str
    id: UUID | None
    #: Learned with the position.
    recorded_at: datetime | None = field(default=None, init=False)

    @property
    def key(self) -> str:
        return "\0".join(self.place)


@define(eq=False)
class Message(Entry):
    """A row of the outbox; its number tells it from all others."""

    topic: str
    to: str | None
    n: int
    id: UUID | None = field(default=None, init=False)

    @property
    def key(self) -> str:
        return str(self.id) if self.to is None else f"{self.topic}\0{self.to}"


@define(eq=False)
class Level:
    """What a transaction wrote since one of its savepoints."""

    entries: list[Entry] = field(factory=list[Entry])
    accepted: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    #: Ids that were inserted, though some were refused after that: others wait for their end.
    touched: list[tuple[str, str]] = field(factory=list[tuple[str, str]])
    notes: list[str] = field(factory=list[str])


@define(eq=False)
class Open:
    """A transaction that is not committed yet: a level for itself, one more for each savepoint."""

    levels: list[Level] = field(factory=lambda: [Level()])
    #: What had been drawn before its first append: it may still add entries above that.
    floor: int | None = None

    def written(self) -> list[Entry]:
        """What it would commit."""
        return [entry for level in self.levels for entry in level.entries]

    def accepted(self) -> set[tuple[str, str]]:
        """Ids of messages that it would commit."""
        return {one for level in self.levels for one in level.accepted}

    def touched(self) -> set[tuple[str, str]]:
        """Ids that nobody else is told of before its end."""
        return {one for level in self.levels for one in level.touched}


@define(eq=False)
class Log:
    """Everything that is stored, and everything in flight."""

    entries: list[Entry] = field(factory=list[Entry])
    drawn: int = 0
    open: list[Open] = field(factory=list[Open])
    #: Messages that consumers fed by a broker have accepted, and those whose inbox was purged.
    accepted: set[tuple[str, str]] = field(factory=set[tuple[str, str]])
    marked: set[str] = field(factory=set[str])
    #: The caller's own rows.
    notes: Counter[str] = field(factory=Counter[str])

    # -- what can be seen --------------------------------------------------------------

    def events(self, within: Open | None = None) -> list[Event]:
        """Committed events in order, and those of one's own transaction."""
        return [e for e in self.entries if isinstance(e, Event) and _is_seen(e, within)]

    def messages(self) -> list[Message]:
        """Committed messages in order."""
        return [e for e in self.entries if isinstance(e, Message) and e.owner is None]

    def stream(self, place: Place, within: Open | None = None) -> list[Event]:
        """The events of one stream."""
        return [event for event in self.events(within) if event.place == place]

    def is_held(self, place: Place, by_other_than: Open | None) -> bool:
        """Whether another transaction has events of a stream in flight: who appends would wait."""
        others = [one for one in self.open if one is not by_other_than]
        return any(isinstance(e, Event) and e.place == place for o in others for e in o.written())

    def accepts(self, one: tuple[str, str], mine: Sequence[Open]) -> bool | None:
        """Whether a message is new; None where who asks would wait for another transaction."""
        if any(one in other.touched() for other in self.open if other not in mine):
            return None
        return one not in self.accepted.union(*(own.accepted() for own in mine))

    # -- what is settled ---------------------------------------------------------------

    def must_be_read(self, entry: Entry) -> bool:
        """Whether a reader has to see it: nothing that is open may still add anything below."""
        floors = [one.floor for one in self.open if one.floor is not None]
        return entry.owner is None and entry.number <= min(floors, default=self.drawn)

    def may_be_read(self, entry: Entry) -> bool:
        """Whether a reader may see it: nothing in flight is below."""
        flying = [e.number for e in self.entries if e.owner is not None]
        return entry.owner is None and entry.number < min(flying, default=self.drawn + 1)

    # -- what happens ------------------------------------------------------------------

    def draw(self) -> int:
        """The next number."""
        self.drawn += 1
        return self.drawn

    def begin(self) -> Open:
        """A transaction begins."""
        self.open.append(Open())
        return self.open[-1]

    def write(self, level: Level, within: Open | None) -> None:
        """The end of a unit of work: stored, or in flight in the transaction it joined."""
        self.entries += level.entries
        if within is not None:
            _move(level, within.levels[-1])
            return
        self.accepted |= set(level.accepted)
        self.notes.update(level.notes)

    def commit(self, one: Open) -> None:
        """All that is in flight in it is stored."""
        self.open.remove(one)
        for entry in one.written():
            entry.owner = None
        self.accepted |= one.accepted()
        self.notes.update(note for level in one.levels for note in level.notes)

    def roll_back(self, one: Open, levels: Sequence[Level]) -> None:
        """These levels never were."""
        gone = {id(entry) for level in levels for entry in level.entries}
        self.entries = [entry for entry in self.entries if id(entry) not in gone]
        one.levels = [level for level in one.levels if level not in levels]

    def release(self, one: Open) -> None:
        """A savepoint is given up: what followed it belongs to the level before."""
        _move(one.levels.pop(), one.levels[-1])


def _is_seen(entry: Entry, within: Open | None) -> bool:
    return entry.owner is None or entry.owner is within


def _move(level: Level, to: Level) -> None:
    to.entries += level.entries
    to.accepted += level.accepted
    to.touched += level.touched
    to.notes += level.notes


def balance(events: Sequence[Any]) -> int:
    """What the events of an account add up to."""
    return sum(_change(event.body) for event in events)


def _change(body: Any) -> int:
    amount: int = getattr(body, "amount", 0)
    return -amount if type(body).__name__ == "Withdrawn" else amount
