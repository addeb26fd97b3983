"""Rules of subscribers: runs, handlers that fail, and tokens of what they have handled."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from sourcery import Consumer, Subscriber
from sourcery.errors import ConsumerFailed, ConsumerNotFound, WaitTimeout
from tests.domain import Remarked
from tests.model.consumers import CONSUMERS, Declared
from tests.model.domain import BY_HAND, MIRROR, PLACES
from tests.model.fuse import Killed
from tests.model.handlers import EVERY, is_sick
from tests.model.log import Entry, Event, Level, Message
from tests.model.parts import Part
from tests.model.queues import End, Reader, Seen

#: Which of the consumers that a history is about.
nth = st.sampled_from([0, 0, 1])


class Consuming(Part):
    """What is handled, by whom, how often."""

    def __init__(self) -> None:
        super().__init__()
        for declared in CONSUMERS.values():
            sick = partial(self._is_sick, declared.name)
            reader = Reader(declared.name, declared.policy, declared.selects, sick)
            self.readers[declared.name] = reader
        #: Names of those that this history is about.
        self.about: list[str] = []
        self.shards = {declared.name: declared.shards for declared in CONSUMERS.values()}
        self.subscribers: dict[str, Subscriber] = {}

    def _is_sick(self, name: str, entry: Entry) -> bool:
        assert isinstance(entry, Event)
        return is_sick(self.world.sick.get(name, set()), *entry.place, entry.version)

    # -- handlers that fail ------------------------------------------------------------

    @rule(n=nth, which=st.integers(0, 19), ill=st.integers(0, 3))
    def sicken(self, n: int, which: int, ill: int) -> None:
        """A handler fails with an event from now on, stored already or not; or it is mended."""
        name, places = self.about[n], self._places()
        if ill == 0:
            self.world.sick.pop(name, None)
        elif not CONSUMERS[name].manages:
            self.world.sick.setdefault(name, set()).add(places[which % len(places)])

    def _places(self) -> list[tuple[str, str, int]]:
        """Of whole streams, of the next event of each, and of those there are."""
        whole = [(*place, EVERY) for place in PLACES]
        coming = [(*place, len(self.log.stream(place)) + 1) for place in PLACES]
        stored = [(*event.place, event.version) for event in self.log.events()]
        return [*whole, *coming, *stored]

    # -- runs --------------------------------------------------------------------------

    @rule(n=nth, all=st.booleans(), killed=st.sampled_from([inf, inf, inf, 0, 1, 3]))
    def run(self, n: int, all: bool, killed: float) -> None:
        """Until all that is settled is handled, a page of each shard, or till the worker is killed.

        Where attempts have waits between them nobody knows what one page does.
        """
        declared = CONSUMERS[self.about[n]]
        self.world.fuse.left = killed
        self.run_subscriber(declared, drained=all or declared.retries > 0)
        self.world.fuse.left = inf

    @rule(n=nth)
    def run_to_the_end(self, n: int) -> None:
        """Again under another name, so that few histories are without any run."""
        self.run_subscriber(CONSUMERS[self.about[n]], drained=True)

    def run_subscriber(self, declared: Declared, *, drained: bool) -> None:
        """And compare what was done."""
        if not self.may_write():
            return
        reader, name = self.readers[declared.name], declared.name
        if not reader.exists:
            reader.begin(self.shards[name])
        if name not in self.subscribers:
            self.subscribers[name] = self.world.subscriber(declared, self.shards[name])
        subscriber = self.subscribers[name]
        stands, end = False, End.DRAINED if drained else End.PAGE
        try:
            subscriber.drain(timeout=30) if drained else subscriber.run_once()
        except ConsumerFailed:
            stands, end = True, End.PAGE
        except Killed:
            end = End.KILLED
        done = self.compare(reader, end)
        self.check_deliveries(reader)
        assert end is End.KILLED or stands == (reader.is_paused or any(reader.faulted))
        if declared.manages:
            self._managed([entry for entries in done.values() for entry in entries])

    def compare(self, reader: Reader, end: End) -> dict[str, list[Entry]]:
        """A reader as it is stored, with what it should be."""
        seen = self.world.seen(reader.name)
        assert seen is not None
        done = reader.ran(self.log, seen, end)
        check_letters(reader, seen)
        return done

    def check_deliveries(self, reader: Reader) -> None:
        """What handlers did is what was done, in the order of each key."""
        delivered = self.world.delivered_to(reader.name)
        key_of = {event.position: event.key for event in self.log.events()}
        by_key: dict[str, list[int]] = {}
        for position in delivered:
            by_key.setdefault(key_of[position], []).append(position)
        done = {key: [e.position for e in entries] for key, entries in reader.done.items()}
        assert {key: entries for key, entries in done.items() if entries} == by_key

    def finish_subscribers(self) -> None:
        """The end of a history: everything is handled but what waits for somebody."""
        for name in self.about:
            self.check_stored(self.readers[name])
            self.run_subscriber(CONSUMERS[name], drained=True)

    def check_stored(self, reader: Reader) -> None:
        """What was asked of it is stored."""
        seen = self.world.seen(reader.name)
        assert reader.exists == (seen is not None)
        if seen is not None:
            check_letters(reader, seen)

    def _managed(self, done: list[Entry]) -> None:
        """What the process manager appended and published for what it was given."""
        for event in sorted(done, key=lambda entry: entry.number):
            assert isinstance(event, Event)
            amount, place = event.body.amount, (MIRROR, event.place[1])  # type: ignore[attr-defined]
            version = len(self.log.stream(place)) + 1
            body = Remarked(str(amount))
            mirrored = Event(self.log.draw(), None, place, version, body, event.actor, None)
            message = Message(self.log.draw(), None, BY_HAND, "managed", -amount)
            self.log.write(Level(entries=[mirrored, message]), None)
            self.known |= {id(mirrored), id(message)}  # it may have gone on past them
        self.changed = self.changed or bool(done)

    # -- tokens ------------------------------------------------------------------------

    @rule(n=nth, which=st.integers(0, 9))
    def wait_for(self, n: int, which: int) -> None:
        """A token is there when all its shards have passed it, and no letter has its events."""
        if not self.tokens or not self.may_write():
            return
        token, _ = self.tokens[which % len(self.tokens)]
        name = self.about[n]
        reader = self.readers[name]
        outcome: type[Exception] | None = None
        try:
            Consumer(self.world.store, name).wait_for(token, timeout=0)
        except (ConsumerFailed, ConsumerNotFound, WaitTimeout) as error:
            outcome = type(error)
        assert self._waited(reader, token) == outcome

    def _waited(self, reader: Reader, token: Any) -> type[Exception] | None:
        if not reader.exists:
            return ConsumerNotFound
        shards = len(reader.positions)
        touched = {bucket % shards for bucket in token.buckets} or set(range(shards))
        behind = [shard for shard in touched if reader.positions[shard] < token.last]
        if behind:
            return ConsumerFailed if any(reader.faulted[s] for s in behind) else WaitTimeout
        low = token.first if token.buckets else 1
        letters = [x for x in reader.letters if low <= x.entry.position <= token.last]
        if token.buckets:
            held = [x for x in letters if x.entry.bucket in token.buckets]
        else:
            held = [x for x in letters if x.closes]
        return ConsumerFailed if held else None


def check_letters(reader: Reader, seen: Seen) -> None:
    """Each letter is accounted for."""
    letters = {letter.entry.position: letter.status for letter in reader.letters}
    assert letters == dict(seen.letters)
    assert reader.positions == list(seen.positions)
    assert reader.faulted == list(seen.faulted)
