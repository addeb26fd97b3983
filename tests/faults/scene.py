"""Subscribers in processes of their own, writers, harm, quiet; then the account.

It knows nothing of pytest, so that a dialect of a third party can be put through it.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from random import Random

from attrs import define
from sqlalchemy.exc import DBAPIError

from sourcery import EventStore
from sourcery.consumers import ConsumerRow, rows_of
from tests.faults.fleet import Fleet, Worker
from tests.faults.load import Load
from tests.faults.model import Mirror, Moved, make_tables
from tests.faults.outcome import Outcome, outcome_of
from tests.faults.worker import Spec
from tests.ordering.support import wait_until

#: Seconds after which subscribers that nobody harms must have handled everything.
DEADLINE = 120.0
#: Events behind, from which on the writers wait.
FAR_BEHIND = 1500


class StandsStill(AssertionError):
    """A consumer was stopped by its error policy, or has letters."""


@define
class Scene:
    """What harm can be done to."""

    store: EventStore
    fleet: Fleet
    load: Load
    workers: list[Worker]
    random: Random

    def rows(self, consumer: str) -> list[ConsumerRow]:
        """The shards of a consumer as they are stored."""
        with self.store.database.reading() as connection:
            return rows_of(connection, self.store.database.dialect, consumer)

    @property
    def consumers(self) -> list[str]:
        """Their names."""
        return list(dict.fromkeys(worker.spec.consumer for worker in self.workers))

    def until_more(self) -> None:
        """Wait until every consumer has moved on from where it stands."""
        before = self.slowest()
        wait_until(lambda: self.slowest() > before, DEADLINE)

    def slowest(self) -> int:
        """Position of the slowest shard of all; -1 when a consumer has none, or nobody can say."""
        with suppress(DBAPIError):
            rows = [self.rows(name) for name in self.consumers]
            return min(row.position for shards in rows for row in shards) if all(rows) else -1
        return -1

    def behind(self) -> int:
        """Positions between the settled one and the slowest shard of all."""
        return self.store.settled() - self.slowest()

    def keep_up(self) -> None:
        """Let the writers wait while the subscribers are far behind."""
        with suppress(DBAPIError):  # the server is away
            self.load.hold(back=self.behind() > FAR_BEHIND)

    def is_through(self, consumer: str, settled: int) -> bool:
        """Whether a consumer handled all up to a position; raises when it never will."""
        try:
            rows = self.rows(consumer)
        except DBAPIError:
            return False
        halted = [row for row in rows if row.status.halted]
        if halted:
            row = halted[0]
            raise StandsStill(f"{consumer} is {row.status} after {row.position}: {row.error}")
        return bool(rows) and min(row.position for row in rows) >= settled

    def until_through(self) -> None:
        """Wait until all is handled."""
        ends: list[int] = []

        def knows_the_end() -> bool:
            with suppress(DBAPIError):  # of a connection that a restart left dead in the pool
                ends.append(self.store.settled())
            return bool(ends)

        wait_until(knows_the_end, DEADLINE)
        for name in self.consumers:
            wait_until(partial(self.is_through, name, ends[0]), DEADLINE)

    def outcomes(self) -> dict[str, Outcome]:
        """The accounts of all consumers."""
        return {
            spec.consumer: outcome_of(
                self.store, spec.consumer, spec.categories, mirrors=spec.variant == "manager"
            )
            for spec in {worker.spec for worker in self.workers}
        }


def run(
    url: str,
    specs: Sequence[Spec],
    harm: Callable[[Scene], None],
    *,
    seed: int = 1,
) -> dict[str, Outcome]:
    """Do the harm to workers under load, let them finish in peace; each consumer's account."""
    with EventStore(url, aggregates=[Mirror], events=Moved) as store, Fleet() as fleet:
        make_tables(store.engine)
        with Load(store) as load:
            workers = [fleet.start(spec) for spec in specs]
            scene = Scene(store, fleet, load, workers, Random(seed))
            harm(scene)
            load.stop()
        scene.until_through()
        for worker in workers:
            worker.stop()
        return scene.outcomes()


def faults_of(outcomes: dict[str, Outcome]) -> dict[str, dict[str, int]]:
    """What is wrong with which consumer; every one must have had something to do."""
    assert all(outcome.events > 20 for outcome in outcomes.values()), outcomes
    return {name: outcome.faults for name, outcome in outcomes.items() if outcome.faults}
