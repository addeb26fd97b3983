"""The model of a reader that remembers how far it is: a subscriber, or a relay on one topic.

Each key is a queue. What comes first is done first; what cannot be done is, by the policy, where
the reader stands still (`stop`), passed over (`skip`), or the head of a queue of letters (`park`),
which nothing of its key passes until it is retried or dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum

from attrs import define, field

from tests.model.log import Entry, Log

#: Statuses of letters: those that close a key, and those that are kept to be looked at.
PARKED, BEHIND, BLOCKED, DEAD, SKIPPED = "parked", "behind", "blocked", "dead", "skipped"
_CLOSING = (PARKED, BEHIND, BLOCKED)


class End(Enum):
    """How a run ended."""

    #: All that is settled was done, or waits for somebody.
    DRAINED = "drained"
    #: A page was done, or it stood still.
    PAGE = "page"
    #: The worker ended, perhaps after it had stored an attempt at a letter, which is not due then.
    KILLED = "killed"


@define(eq=False)
class Letter:
    """An entry that was given up, or waits behind one."""

    entry: Entry
    status: str

    @property
    def closes(self) -> bool:
        """Whether the key waits for it."""
        return self.status in _CLOSING


@define
class Seen:
    """What is stored of a reader after a run."""

    #: By shard.
    positions: Sequence[int]
    faulted: Sequence[bool]
    #: Status by position, and the positions that are to be tried again.
    letters: Mapping[int, str]
    due: frozenset[int]


@define(eq=False)
class Reader:
    """A consumer as it should be."""

    name: str
    policy: str
    selects: Callable[[Entry], bool]
    #: Whether the handler would fail with an entry.
    is_sick: Callable[[Entry], bool]
    positions: list[int] = field(factory=list[int])
    faulted: list[bool] = field(factory=list[bool])
    is_paused: bool = False
    letters: list[Letter] = field(factory=list[Letter])
    #: Keys whose head is to be tried again.
    due: set[str] = field(factory=set[str])
    #: What was done, in order, by key.
    done: dict[str, list[Entry]] = field(factory=dict[str, list[Entry]])

    @property
    def exists(self) -> bool:
        """Whether it ever ran."""
        return bool(self.positions)

    def begin(self, shards: int) -> None:
        """Its first start, at the origin."""
        self.positions, self.faulted = [0] * shards, [False] * shards

    def forget(self) -> None:
        """As if it had never run; what it did is done."""
        self.positions, self.faulted, self.is_paused = [], [], False
        self.letters, self.due = [], set()

    def shard_of(self, entry: Entry) -> int:
        """Who has to do with it."""
        return entry.bucket % len(self.positions)

    def has_passed(self, entry: Entry) -> bool:
        """Whether its checkpoint has."""
        return self.exists and entry.position <= self.positions[self.shard_of(entry)]

    def queue(self, key: str) -> list[Letter]:
        """The letters that close a key, in order."""
        return [letter for letter in self.letters if letter.closes and letter.entry.key == key]

    def closed_keys(self) -> list[str]:
        """Keys with a queue."""
        return sorted({letter.entry.key for letter in self.letters if letter.closes})

    # -- a run -------------------------------------------------------------------------

    def ran(self, log: Log, seen: Seen, end: End) -> dict[str, list[Entry]]:
        """A run went as far as `seen` says: what it must have done by that, by key.

        Fails where it went where it must not, or not where it had to.
        """
        passed = [self._passed(log, shard, to) for shard, to in enumerate(seen.positions)]
        stood, self.faulted = self.faulted, list(seen.faulted)
        self.positions = list(seen.positions)
        waiting = [entry for entries in passed for entry in entries]
        keys = dict.fromkeys([*self.closed_keys(), *(entry.key for entry in waiting)])
        done = {key: self._done(key, waiting, seen, end) for key in keys}
        for key, entries in done.items():
            self.done.setdefault(key, []).extend(entries)
        self._check_ends(log, end, stood)
        return done

    def _passed(self, log: Log, shard: int, to: int) -> list[Entry]:
        was = self.positions[shard]
        assert was <= to, f"{self.name}: the checkpoint of shard {shard} fell from {was} to {to}"
        if self.is_paused or self.faulted[shard]:
            assert was == to, f"{self.name}: shard {shard} stood still, and went on"
        entries = self._of_shard(log, shard)
        return [entry for entry in entries if was < entry.position <= to]

    def _of_shard(self, log: Log, shard: int) -> list[Entry]:
        chosen = [e for e in log.entries if e.owner is None and self.selects(e)]
        return [entry for entry in chosen if self.shard_of(entry) == shard]

    def _done(self, key: str, waiting: Iterable[Entry], seen: Seen, end: End) -> list[Entry]:
        queue, new = self.queue(key), [entry for entry in waiting if entry.key == key]
        if self.policy != "park":
            return self._passed_over(new, seen)
        line = [letter.entry for letter in queue] + new
        left = [entry for entry in line if entry.position in seen.letters]
        assert line[len(line) - len(left) :] == left, f"{self.name}: {key!a} is out of order"
        done = line[: len(line) - len(left)]
        assert not any(map(self.is_sick, done)), f"{self.name}: a letter of {key!a} is missing"
        self._check_head(key, queue, done, left, seen, end)
        self._replace(queue, left, seen)
        return done

    def _passed_over(self, new: list[Entry], seen: Seen) -> list[Entry]:
        """By the policies that keep no queues."""
        skipped = [entry for entry in new if self.is_sick(entry)]
        if self.policy == "stop":
            assert not skipped, f"{self.name}: it went on where it should stop"
        for entry in skipped:
            assert seen.letters[entry.position] == SKIPPED
            self.letters.append(Letter(entry, SKIPPED))
        return [entry for entry in new if entry not in skipped]

    def _check_head(
        self,
        key: str,
        queue: list[Letter],
        done: list[Entry],
        left: list[Entry],
        seen: Seen,
        end: End,
    ) -> None:
        who = f"{self.name}: {key!a}"
        if queue and (key not in self.due or self._stands(queue[0].entry)):
            assert not done, f"{who} went on behind a letter"
        elif left and not self.is_sick(left[0]):
            assert end is not End.DRAINED, f"{who} has a letter that could be handled"
            waits = left[0].position in seen.due or end is End.KILLED
            assert waits, f"{who} waits for nobody"
        statuses = [seen.letters[entry.position] for entry in left]
        assert all(status == BEHIND for status in statuses[1:]), f"{who}: {statuses}"
        assert all(status in _CLOSING for status in statuses), f"{who}: {statuses}"

    def _stands(self, entry: Entry) -> bool:
        return self.is_paused or self.faulted[self.shard_of(entry)]

    def _replace(self, queue: list[Letter], left: list[Entry], seen: Seen) -> None:
        self.letters = [letter for letter in self.letters if letter not in queue]
        self.letters += [Letter(entry, seen.letters[entry.position]) for entry in left]
        self.letters.sort(key=lambda letter: letter.entry.position)
        if left:
            key = left[0].key
            (self.due.add if left[0].position in seen.due else self.due.discard)(key)
        elif queue:
            self.due.discard(queue[0].entry.key)

    def _check_ends(self, log: Log, end: End, stood: Sequence[bool]) -> None:
        """Where each shard came to its end. A fault stays until somebody resumes."""
        for shard, position in enumerate(self.positions):
            later = [e for e in self._of_shard(log, shard) if e.position > position]
            if self.faulted[shard]:
                assert self.policy == "stop"
                assert later, f"{self.name}: shard {shard} stands before nothing"
                for_cause = stood[shard] or self.is_sick(later[0])
                assert for_cause, f"{self.name}: shard {shard} fails for no reason"
            elif end is End.DRAINED and not self.is_paused:
                missed = [entry for entry in later if log.must_be_read(entry)]
                assert not missed, f"{self.name}: shard {shard} left {missed} out"

    # -- what is asked of it -----------------------------------------------------------

    def pause(self) -> None:
        """Stand still; what failed is forgotten."""
        self.is_paused, self.faulted = self.exists, [False] * len(self.faulted)

    def resume(self) -> None:
        """New attempts."""
        self.is_paused, self.faulted = False, [False] * len(self.faulted)

    def rewind(self, to: int) -> None:
        """Shards that are further go back; their letters above are no more."""
        back = [position > to for position in self.positions]
        gone = [x for x in self.letters if x.entry.position > to and back[self.shard_of(x.entry)]]
        self.letters = [letter for letter in self.letters if letter not in gone]
        self.due &= set(self.closed_keys())
        self._place(to, back)

    def skip(self, log: Log, to: int) -> int:
        """Shards before it go there; how many entries they pass over."""
        forth = [position < to for position in self.positions]
        passed = [self._between(log, shard, to) for shard, goes in enumerate(forth) if goes]
        self._place(to, forth)
        return sum(passed)

    def _between(self, log: Log, shard: int, to: int) -> int:
        was = self.positions[shard]
        return sum(was < entry.position <= to for entry in self._of_shard(log, shard))

    def _place(self, to: int, moved: list[bool]) -> None:
        for shard, moves in enumerate(moved):
            if moves:
                self.positions[shard], self.faulted[shard] = to, False

    def retry(self, keys: Iterable[str]) -> int:
        """Heads of queues are due; how many."""
        begun = list(keys)
        self.due |= set(begun)
        return len(begun)

    def drop(self, letter: Letter) -> None:
        """Given up for good: the next of the key is due, if this was its head."""
        key = letter.entry.key
        was_head = self.queue(key)[0] is letter
        letter.status = DEAD
        if was_head and self.queue(key):
            self.due.add(key)
        elif not self.queue(key):
            self.due.discard(key)
