"""Rounds of work in processes that are killed, and the account after each."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Self

from attrs import astuple, define, evolve, field, frozen
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sourcery import EventStore, ReadModel, schema, serving_model
from tests.domain import Account, Deposited
from tests.faults.fleet import Fleet
from tests.faults.model import BUSY, CALM, Applied, Mirror, Moved, make_tables
from tests.faults.outcome import outcome_of
from tests.kills.points import Moment
from tests.kills.process import Spec
from tests.kills.work import AGAIN, COMMANDS, SOUR, SUBSCRIBER, Ledger
from tests.ordering.support import wait_until
from tests.read_models.support import first, held, second
from tests.relay.ledger import Ledger as Sent
from tests.relay.support import TOPIC, letter_facts

DEADLINE: Final = 60.0


@frozen
class Point:
    """A place to die."""

    step: str
    moment: Moment

    @property
    def name(self) -> str:
        """As processes say it."""
        return f"{self.step} {self.moment}"


@define
class Cell:
    """What was seen of one point on one database."""

    runs: int = 0
    kills: int = 0
    events: int = 0
    messages: int = 0
    doubles: int = 0

    def __add__(self, other: Self) -> "Cell":
        return Cell(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@define(eq=False)
class Scene:
    """A store, and one round of work after the other."""

    url: str
    path: Path
    fleet: Fleet
    parts: tuple[str, ...]
    sabotage: tuple[str, ...] = ()
    rounds: int = 0
    store: EventStore = field(init=False)

    def __enter__(self) -> Self:
        aggregates = [Ledger, Mirror, Account]
        self.store = EventStore(self.url, aggregates=aggregates, events=Moved)
        make_tables(self.store.engine)
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def next_spec(self) -> Spec:
        """What the processes of a new round do."""
        self.rounds += 1
        return Spec(
            url=self.url,
            path=str(self.path),
            name=f"r-{self.rounds}",
            parts=self.parts,
            sabotage=self.sabotage,
        )

    def census(self, points: Iterable[Point]) -> dict[Point, int]:
        """How often each is passed in a round in which nobody dies."""
        pid = self._live(self.next_spec())
        found = {point: self.fleet.said(pid, point.name) for point in points}
        assert all(found.values()), f"never there: {found}"
        return found

    def round(self, point: Point, at: int) -> Cell:
        """One round: killed there, killed again in the recovery, then left in peace."""
        spec = evolve(self.next_spec(), step=point.step, moment=point.moment)
        before = self._counted()
        assert self._is_killed(evolve(spec, at=at)), f"{point.name}: no {at}. time"
        kills = 1
        for again in AGAIN:
            self.check_readers()
            kills += self._is_killed(evolve(spec, at=again))
        self._live(evolve(spec, at=0))
        after = self._counted()
        return Cell(1, kills, *(b - a for a, b in zip(before, after, strict=True)))

    def _counted(self) -> tuple[int, int, int]:
        """Events, messages, and messages that were sent again."""
        with self.store.engine.connect() as connection:
            count = func.count()
            events = connection.scalar(select(count).select_from(schema.events)) or 0
            messages = connection.scalar(select(count).select_from(schema.outbox)) or 0
        return events, messages, Sent(path=self.path).read().repeats

    def _is_killed(self, spec: Spec) -> bool:
        worker = self.fleet.start(spec)
        wait_until(lambda: not worker.is_alive, DEADLINE)
        assert worker.state in (0, -9), f"a process ended with {worker.state}: see its words"
        assert worker.has_said("killed") == (worker.state == -9)
        return worker.state == -9

    def _live(self, spec: Spec) -> int:
        worker = self.fleet.start(spec)
        wait_until(lambda: not worker.is_alive, DEADLINE)
        assert worker.state == 0, f"a process ended with {worker.state}: see its words"
        return worker.pid

    def faults(self) -> dict[str, object]:
        """What is wrong, by what it is."""
        found: dict[str, object] = {}
        if "write" in self.parts:
            found |= self._of_writers()
        if "handle" in self.parts:
            found |= self._of_handlers()
        if "send" in self.parts:
            found |= self._of_relays()
        if "switch" in self.parts:
            found |= self._of_models()
        return {what: which for what, which in found.items() if which}

    @property
    def _names(self) -> list[str]:
        return [f"r-{number + 1}" for number in range(self.rounds)]

    def _of_writers(self) -> dict[str, object]:
        """Each command has its events, its row and its messages, once and in order."""
        streams: dict[str, list[int]] = {}
        versions: dict[str, list[int]] = {}
        for recorded in self.store.read(events=Moved, unsettled=True):
            streams.setdefault(recorded.stream.path, []).append(recorded.event.amount)
            versions.setdefault(recorded.stream.path, []).append(recorded.version)
        with self.store.engine.connect() as connection:
            inline = select(Applied.event_id).where(Applied.consumer == "inline")
            rows = Counter(connection.scalars(inline))
        names, numbers = self._names, range(1, COMMANDS + 1)
        return {
            "events": _differing(_streams(names), streams),
            "versions": [path for path, found in versions.items() if found != [1, 2]],
            "rows": _differing({f"{name}-{n}": 1 for name in names for n in numbers}, rows),
            "snapshots": self._wrong_snapshots(),
        }

    def _wrong_snapshots(self) -> list[str]:
        """The state by its snapshot, which is there, against what the stream says."""
        ids = [f"a-{name}" for name in self._names]
        found = {id: self.store.load(Ledger, id).last for id in ids}
        return _differing(dict.fromkeys(ids, 4), found)

    def _of_handlers(self) -> dict[str, object]:
        """The view is the log, and what could not be handled waits in order."""
        outcome = outcome_of(self.store, SUBSCRIBER, (BUSY, CALM), mirrors=True)
        parked = [(f"{SOUR}/b-{n}", s) for n in self._names for s in ("parked", "behind")]
        letters = [(key, s) for key, s, _ in letter_facts(self.store, SUBSCRIBER)]
        return {"view": outcome.faults, "letters": _differing(_list(parked), _list(letters))}

    def _of_relays(self) -> dict[str, object]:
        """What was sent is the outbox, in order per key; the bad are parked in order."""
        sent = Sent(path=self.path).read()
        expected = _messages(self._names, handled="handle" in self.parts)
        with self.store.engine.connect() as connection:
            keys = Counter(
                connection.scalars(
                    select(schema.outbox.c.key).where(schema.outbox.c.topic == TOPIC)
                )
            )
        letters = _list((key, s) for key, s, _ in letter_facts(self.store))
        bad = [(f"{TOPIC}/bad-{n}", s) for n in self._names for s in ("parked", "behind")]
        written = {key: len(numbers) for key, numbers in expected.items()}
        written |= {f"bad-{name}": 2 for name in self._names}
        return {
            "outbox": _differing(written, keys),
            "sent": sent.faults(expected),
            "bad messages": _differing(_list(bad), letters),
        }

    def _of_models(self) -> dict[str, object]:
        """Both versions hold the log, and the one that was built last serves."""
        totals = {r.stream.id: r.event.amount for r in self.store.read(events=Deposited)}
        serving = self.check_readers()
        wrong = [
            m.version
            for m in (first(self.store), second(self.store))
            if m.version == serving and _differing(totals, held(self.store, m))
        ]
        return {"model": wrong, "serving": [] if serving == 1 + self.rounds % 2 else [serving]}

    def check_readers(self) -> int | None:
        """Whichever version serves is whole: it has all that was there before this round."""
        if "switch" not in self.parts or self.rounds == 1:
            return 1 + self.rounds % 2
        with Session(self.store.engine) as session:
            model: ReadModel = serving_model(session, first(self.store), second(self.store))
        rows = held(self.store, model)
        assert {f"r-{n}" for n in range(1, self.rounds)} <= rows.keys()
        return model.version


def _streams(names: list[str]) -> dict[str, list[int]]:
    kinds = {
        f"{CALM}/a-": [1, 4],
        f"{BUSY}/b-": [2, 5],
        f"{BUSY}/c-": [3, 6],
        f"{SOUR}/b-": [-1, 5],
    }
    return {f"{kind}{name}": numbers for name in names for kind, numbers in kinds.items()}


def _messages(names: list[str], *, handled: bool) -> dict[str, list[int]]:
    """Those that can be sent, by key in order."""
    expected = {name: list(range(1, COMMANDS + 1)) for name in names}
    for kind, numbers in (("a", [1, 4]), ("b", [2, 5]), ("c", [3, 6])) if handled else ():
        expected |= {f"{kind}-{name}": numbers for name in names}
    return expected


def _list(facts: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """What is said of each, in order."""
    found: dict[str, list[str]] = {}
    for key, fact in facts:
        found.setdefault(key, []).append(fact)
    return found


def _differing(expected: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    """Those of which something else is true."""
    keys = expected.keys() | found.keys()
    return sorted(key for key in keys if expected.get(key) != found.get(key))
