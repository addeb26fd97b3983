"""A unit of work that is open, and what the model says will become of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from attrs import define, evolve, field, frozen

from sourcery import ANY, EXISTS, Stream, UnitOfWork, metadata
from sourcery.errors import IdConflict, MessageTooOld, SourceryError, VersionConflict
from tests.domain import Account, Order, Withdrawn
from tests.model.domain import BY_HAND, MAPPED, event_of
from tests.model.log import Event, Level, Log, Message, Open, Place, balance
from tests.model.world import LONG_AGO, World, note


@frozen
class Append:
    """Events of one stream, as they are given to a unit of work."""

    place: Place
    events: Sequence[Any]
    expected: Any
    #: Event ids of the caller's.
    ids: Sequence[UUID] | None = None


class Abandoned(Exception):
    """What a unit of work is left with that shall not be kept."""


#: Outcomes beside the errors.
WRITTEN, REPEAT = "written", "repeat"


@define(eq=False)
class Work:
    """Does one thing to a unit of work and remembers what that must lead to."""

    world: World
    log: Log
    uow: UnitOfWork
    #: The transaction it has joined, or its own.
    within: Open | None
    own: Open
    actor: str
    appends: dict[Place, Append] = field(factory=dict[Place, Append])
    aggregates: dict[Place, Any] = field(factory=dict[Place, Any])
    #: What they recorded, as if it were appended.
    decided: dict[Place, Append] = field(factory=dict[Place, Append])
    messages: list[tuple[str, str | None, int]] = field(factory=list[Any])
    #: Whether it holds a transaction open, its own or the one it joined.
    touches: bool = False

    @property
    def level(self) -> Level:
        """What it wrote itself."""
        return self.own.levels[0]

    # -- in the block ------------------------------------------------------------------

    def append(self, given: Append) -> bool:
        """Append to a stream that this unit has nothing to do with yet."""
        if given.place in self.appends or given.place in self.aggregates:
            return False
        with metadata(actor=self.actor):
            ids = {} if given.ids is None else {"event_ids": list(given.ids)}
            stream = Stream(*given.place)
            self.uow.append(stream, given.events, expected=given.expected, **ids)  # type: ignore[arg-type]
        if given.events:
            self.appends[given.place] = given
        return True

    def decide(self, place: Place, what: int, n: int) -> bool:
        """Load an aggregate, compare it with the model's, and let it decide."""
        if place in self.appends:
            return False
        if place not in self.aggregates:
            self._load(place)
        event = event_of(place, what, n)
        with metadata(actor=self.actor):
            self.aggregates[place].record(event)
        known = self.decided[place]
        self.decided[place] = evolve(known, events=[*known.events, event])
        return True

    def _load(self, place: Place) -> None:
        events = self.log.stream(place, self.within)
        loaded = self.uow.get_or_create(Account if place[0] == "account" else Order, place[1])
        self.touches = True
        self.aggregates[place] = loaded
        self.decided[place] = Append(place, [], len(events))
        assert len(events) == loaded.version
        if isinstance(loaded, Account):
            assert balance(events) == loaded.balance
        else:
            shipped = any(type(event.body).__name__ == "Shipped" for event in events)
            assert shipped == loaded.shipped

    def snapshot(self) -> None:
        """Ask for a snapshot of all it loaded."""
        for aggregate in self.aggregates.values():
            self.uow.snapshot(aggregate)

    def publish(self, key: str | None, n: int) -> None:
        """Put a message into the outbox."""
        self.uow.publish(BY_HAND, key=key, payload={"n": n})
        self.messages.append((BY_HAND, key, n))

    def note(self, text: str) -> None:
        """Write a row of one's own."""
        note(self.uow.session, text)
        self.touches = True
        self.level.notes.append(text)

    def accept(self, consumer: str, message_id: str, *, is_old: bool) -> bool:
        """Accept a message of a broker's; False where it would wait for another transaction."""
        one = (consumer, message_id)
        is_new = self.log.accepts(one, [self.own, *([self.within] if self.within else [])])
        if is_new is None:
            return False
        sent_at = LONG_AGO if is_old else None
        self.touches = True
        if is_new:
            self.level.touched.append(one)
        if is_new and is_old and consumer in self.log.marked:
            self._refused(one)
            return True
        assert is_new == self.uow.accept(consumer, message_id, sent_at=sent_at)
        if is_new:
            self.level.accepted.append(one)
        return True

    def _refused(self, one: tuple[str, str]) -> None:
        try:
            self.uow.accept(*one, sent_at=LONG_AGO)
        except MessageTooOld:
            return
        raise AssertionError(f"{one} may have been accepted before")

    # -- the end -----------------------------------------------------------------------

    def batch(self) -> list[Append]:
        """What it will write, streams in sorted order."""
        decided = [given for given in self.decided.values() if given.events]
        return sorted([*self.appends.values(), *decided], key=lambda given: given.place)

    def waits(self) -> bool:
        """Whether it would wait for another transaction if it ended now."""
        return any(self.log.is_held(given.place, self.within) for given in self.batch())

    def abandon(self) -> None:
        """Leave the block with an exception: nothing of it was ever there."""
        assert self.uow.__exit__(Abandoned, Abandoned(), None) is None

    def finish(self) -> str | type[SourceryError]:
        """Leave the block, and compare what becomes of it."""
        batch = self.batch()
        expected = self._outcome(batch)
        if self.within is not None and self.within.floor is None and (batch or self.messages):
            self.within.floor = self.log.drawn
        assert expected == self._exit(expected)
        if expected == WRITTEN:
            self._draw(batch, self.level)
            self.log.write(self.level, self.within)
        if expected == REPEAT:
            self._check_token(batch)
        return expected

    def _check_token(self, batch: list[Append]) -> None:
        """A repeat has the first one's."""
        stored = [e for given in batch for e in self._stored(given) if given.ids is not None]
        positions = [event.position for event in stored]
        assert 0 in positions or min(positions) == self.uow.token.first

    def _exit(self, expected: object) -> object:
        try:
            self.uow.__exit__(None, None, None)
        except (VersionConflict, IdConflict) as error:
            return type(error)
        return REPEAT if expected == REPEAT else WRITTEN

    def _outcome(self, batch: list[Append]) -> str | type[SourceryError]:
        if all(self._admits(given) for given in batch):
            return WRITTEN
        repeats = [self._repeats(given) for given in batch if given.ids is not None]
        if IdConflict in repeats:
            return IdConflict
        if True not in repeats:
            return VersionConflict
        return REPEAT if all(repeats) else IdConflict

    def _repeats(self, given: Append) -> bool | type[IdConflict]:
        """Whether the same append is stored already; its ids may be misused."""
        assert given.ids is not None
        stored = self._stored(given)
        if not {event.id for event in stored} & set(given.ids):
            return False
        sent = list(zip(given.ids, given.events, strict=True))
        return [(event.id, event.body) for event in stored] == sent or IdConflict

    def _stored(self, given: Append) -> list[Event]:
        """What is where an append with event ids belongs."""
        first = given.expected if isinstance(given.expected, int) else 0
        return self.log.stream(given.place, self.within)[first:][: len(given.events)]

    def _admits(self, given: Append) -> bool:
        head = len(self.log.stream(given.place, self.within))
        if given.expected is ANY:
            return True
        return head > 0 if given.expected is EXISTS else bool(head == given.expected)

    def _draw(self, batch: list[Append], level: Level) -> None:
        for given in batch:
            version = len(self.log.stream(given.place, self.within))
            for n, body in enumerate(given.events):
                id = None if given.ids is None else given.ids[n]
                place, owner = given.place, self.within
                number = self.log.draw()
                level.entries.append(
                    Event(number, owner, place, version + n + 1, body, self.actor, id)
                )
        mapped = [(MAPPED, g.place[1], e.amount) for g in batch for e in g.events if _is_mapped(e)]
        for topic, key, n in [*self.messages, *mapped]:
            level.entries.append(Message(self.log.draw(), self.within, topic, key, n))


def _is_mapped(event: object) -> bool:
    return isinstance(event, Withdrawn)


def expectation(word: str, head: int) -> Any:
    """An expected version by what is right or wrong with it."""
    return {
        "any": ANY,
        "exists": EXISTS,
        "right": head,
        "stale": max(0, head - 1),
        "high": head + 2,
        "new": 0,
    }[word]


def new_ids(count: int) -> list[UUID]:
    """Event ids of the caller's."""
    return [uuid4() for _ in range(count)]


EXPECTATIONS: Final = ["right", "right", "any", "any", "exists", "stale", "high", "new"]
