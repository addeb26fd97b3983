"""Rounds of work in processes that are killed, and the account after each."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from attrs import astuple, define, evolve, field, frozen
from sqlalchemy import func, select

from sourcery import EventStore, schema
from tests.faults.fleet import Fleet
from tests.faults.model import Moved, make_tables
from tests.kills.account import Account
from tests.kills.points import Moment
from tests.kills.process import AGGREGATES, Spec
from tests.kills.work import AGAIN
from tests.ordering.support import wait_until
from tests.relay.ledger import Ledger as Sent

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
        self.store = EventStore(self.url, aggregates=AGGREGATES, events=Moved)
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
            sent_at=datetime.now(UTC).isoformat(),
            sabotage=self.sabotage,
        )

    def census(self, points: Iterable[Point]) -> dict[Point, int]:
        """How often each is passed in a round in which nobody dies."""
        pid = self._live(self.next_spec())
        found = {point: self.fleet.said(pid, point.name) for point in points}
        assert all(found.values()), f"never there: {found}"
        return found

    def round(self, point: Point, at: int) -> Cell:
        """One round: killed there, killed again in the recovery, then left in peace.

        On a busy machine a page may be cut in two, so that what was last is not reached each time.
        """
        spec = evolve(self.next_spec(), step=point.step, moment=point.moment)
        before = self._counted()
        if not self._is_killed(evolve(spec, at=at)):
            assert at > 1, f"{point.name}: never there"
            return self.round(point, at - 1)
        kills = 1
        for again in AGAIN:
            self.account.check_readers()
            kills += self._is_killed(evolve(spec, at=again))
        self._live(evolve(spec, at=0))
        after = self._counted()
        return Cell(1, kills, *(b - a for a, b in zip(before, after, strict=True)))

    def both(self, point: Point, at: int) -> bool:
        """Two processes with the same work at once, of whom one may be killed; whether it was."""
        spec = evolve(self.next_spec(), step=point.step, moment=point.moment)
        other = self.fleet.start(evolve(spec, at=0))
        was_killed = self._is_killed(evolve(spec, at=at))
        wait_until(lambda: not other.is_alive, DEADLINE)
        assert other.state == 0, f"a process ended with {other.state}: see its words"
        return was_killed

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

    @property
    def account(self) -> Account:
        """Of all rounds until now."""
        return Account(self.store, self.path, self.parts, self.rounds)

    def faults(self) -> dict[str, object]:
        """What is wrong, by what it is."""
        return self.account.faults()
