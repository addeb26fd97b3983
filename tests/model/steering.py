"""Rules of those who steer consumers: pause, resume, rewind, skip, letters, shards, forgetting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from sourcery import Consumer
from sourcery.errors import ConsumerNotFound, RequestRefused
from tests.model.consumers import CONSUMERS
from tests.model.consuming import Consuming
from tests.model.consuming import nth as nth_about
from tests.model.domain import BY_HAND, MAPPED
from tests.model.log import Event
from tests.model.queues import Letter, Reader

RELAYS = [f"relay:{BY_HAND}", f"relay:{MAPPED}"]
#: Which of the consumers that a history is about, or of the relays'.
nth = st.integers(0, 1 + len(RELAYS))
indices = st.integers(0, 5)
#: What is asked of a consumer about what it has failed with: a word and what it needs.
of_failures = st.one_of(
    st.tuples(st.just("resume")),
    st.tuples(st.just("rewind_below"), indices),
    st.tuples(st.just("retry_all")),
    st.tuples(st.just("retry_one"), indices),
    st.tuples(st.just("drop"), indices),
)
#: What is asked of any.
asked = st.one_of(
    of_failures,
    st.tuples(st.just("pause")),
    st.tuples(st.just("rewind"), st.integers(-1, 9)),
    st.tuples(st.just("skip"), st.integers(-1, 9)),
    st.tuples(st.just("reshard"), st.integers(1, 3)),
    st.tuples(st.just("forget")),
)
#: What is asked of relays as well.
_OF_ALL = ("pause", "resume", "retry_all", "retry_one", "drop")
#: What is asked is refused, or done at once: nobody runs while it is asked.
_REFUSED = "refused"


class Steering(Consuming):
    """Nobody runs meanwhile: what is asked for is done at once, or refused."""

    def _ask(self, name: str, ask: Callable[[Consumer], object]) -> object:
        """The answer; `refused`, or None from one that never ran."""
        try:
            answer = ask(Consumer(self.world.store, name))
        except RequestRefused:
            return _REFUSED
        except ConsumerNotFound:
            assert not self.readers[name].exists
            return None
        assert self.readers[name].exists
        return answer

    @rule(n=nth, asked=asked)
    def steer(self, n: int, asked: tuple[Any, ...]) -> None:
        """Ask for something, while nobody runs."""
        name = [*self.about, *RELAYS][n]
        if self.may_write() and (name in CONSUMERS or asked[0] in _OF_ALL):
            self._steer(name, asked)

    @rule(n=nth_about, which=st.integers(0, 9), asked=of_failures, mended=st.booleans())
    def fail_and_steer(self, n: int, which: int, asked: tuple[Any, ...], mended: bool) -> None:
        """A handler fails with one of the events that come; then something is asked about that."""
        name = self.about[n]
        if CONSUMERS[name].manages or not self.may_write():
            return
        if coming := self._coming(self.readers[name]):
            event = coming[which % len(coming)]
            self.world.sick.setdefault(name, set()).add((*event.place, event.version))
            self.run_subscriber(CONSUMERS[name], drained=True)
        self._steer(name, asked)
        if mended:
            self.world.sick.pop(name, None)
            self.run_subscriber(CONSUMERS[name], drained=True)

    def _coming(self, reader: Reader) -> list[Event]:
        events = [event for event in self.log.events() if reader.selects(event)]
        return [event for event in events if not reader.has_passed(event)]

    def _steer(self, name: str, asked: tuple[Any, ...]) -> None:
        what, *details = asked
        getattr(self, f"_{what}")(name, *details)
        self.check_stored(self.readers[name])

    def _pause(self, name: str) -> None:
        """It stands still."""
        self._ask(name, lambda consumer: consumer.pause())
        self.readers[name].pause()

    def _resume(self, name: str) -> None:
        """It goes on, with new attempts."""
        self._ask(name, lambda consumer: consumer.resume())
        self.readers[name].resume()

    # -- places ------------------------------------------------------------------------

    def _rewind(self, name: str, which: int) -> None:
        """All events after a place come again."""
        if not CONSUMERS[name].manages:
            self._rewind_to(name, self._position(which))

    def _rewind_below(self, name: str, which: int) -> None:
        """An event that was given up comes again, and so do those behind it."""
        letter = self._letter(name, which)
        if letter is not None:
            self._rewind_to(name, letter.entry.position - 1)

    def _rewind_to(self, name: str, to: int) -> None:
        answer = self._ask(name, lambda consumer: consumer.rewind(to))
        assert answer in (None, to)
        self.readers[name].rewind(to)

    def _skip(self, name: str, which: int) -> None:
        """All events up to a place are passed over."""
        if not self.readers[name].exists:
            return
        to, reader = self._position(which), self.readers[name]
        event = next((e for e in self.log.events() if e.position == to), None)
        is_settled = event is None or self.log.must_be_read(event)
        if not is_settled and event is not None and self.log.may_be_read(event):
            return  # what once was settled is not, for one who asks only now
        answer = self._ask(name, lambda consumer: consumer.skip(to))
        if not is_settled or all(position >= to for position in reader.positions):
            assert answer == _REFUSED
        else:
            assert answer == reader.skip(self.log, to)

    def _position(self, which: int) -> int:
        events = self.log.events()
        return 0 if which < 0 or not events else events[which % len(events)].position

    # -- letters -----------------------------------------------------------------------

    def _retry_all(self, name: str) -> None:
        """The heads of all queues are tried again."""
        reader = self.readers[name]
        if reader.exists:
            answer = self._ask(name, lambda consumer: consumer.retry())
            assert answer == reader.retry(reader.closed_keys())

    def _retry_one(self, name: str, which: int) -> None:
        """One letter, which must be the head of its queue."""
        reader, letter = self.readers[name], self._letter(name, which)
        if letter is None:
            return
        answer = self._ask(name, lambda consumer: consumer.retry(letter.entry.position))
        if _is_head(reader, letter):
            assert answer == reader.retry([letter.entry.key])
        else:
            assert answer == _REFUSED

    def _drop(self, name: str, which: int) -> None:
        """One letter is given up for good."""
        reader, letter = self.readers[name], self._letter(name, which)
        if letter is None:
            return
        answer = self._ask(name, lambda consumer: consumer.drop(letter.entry.position, "no use"))
        if letter.closes:
            assert answer is None
            reader.drop(letter)
        else:
            assert answer == _REFUSED

    def _letter(self, name: str, which: int) -> Letter | None:
        letters = self.readers[name].letters
        return letters[which % len(letters)] if letters else None

    # -- what it is --------------------------------------------------------------------

    def _reshard(self, name: str, shards: int) -> None:
        """Another number of shards, where all stand at one place."""
        reader = self.readers[name]
        if not reader.exists or CONSUMERS[name].manages:
            return
        answer = self._ask(name, lambda consumer: consumer.reshard(shards))
        is_same = len(reader.positions) == shards
        if not is_same and (any(reader.faulted) or len(set(reader.positions)) > 1):
            assert answer == _REFUSED
            return
        assert answer is None
        if not is_same:
            self.shards[name] = shards
            self.subscribers.pop(name, None)
            reader.positions = [reader.positions[0]] * shards
            reader.faulted = [False] * shards

    def _forget(self, name: str) -> None:
        """As if it had never run."""
        if not CONSUMERS[name].manages:
            self._ask(name, lambda consumer: consumer.forget())
            self.readers[name].forget()


def _is_head(reader: Reader, letter: Letter) -> bool:
    return letter.closes and reader.queue(letter.entry.key)[0] is letter
