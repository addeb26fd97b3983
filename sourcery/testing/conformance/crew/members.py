"""Workers of one consumer in threads of this process, each with a store of its own."""

# It reaches inside, to look or to switch a safeguard off.
# pyright: reportPrivateUsage=false

from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

from attrs import define, field
from sqlalchemy import URL, Engine

from sourcery import EventStore, Subscriber
from sourcery.consumers import ConsumerRow, rows_of
from sourcery.testing.conformance.crew.handling import Handled, Handling, Work
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.support import DEADLINE, append, wait_until

CREW = "crew"
#: Short times: a test waits for leases to run out.
SHORT: dict[str, Any] = {"lease": 0.6, "interval": 0.01, "longest_interval": 0.05}


def rows(store: EventStore, name: str = CREW) -> list[ConsumerRow]:
    """The consumer as the database has it."""
    with store.database.reading() as connection:
        return rows_of(connection, store.database.dialect, name)


@define(eq=False)
class Member:
    """One worker: its store, its subscriber, and the thread it runs in."""

    store: EventStore
    handling: Handling
    subscriber: Subscriber
    _thread: Thread | None = None
    #: What `run` raised.
    error: BaseException | None = None

    def start(self) -> "Member":
        """Run until stopped."""
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def _run(self) -> None:
        try:
            self.subscriber.run()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    @property
    def is_running(self) -> bool:
        """Whether `run` has not returned."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def owner(self) -> str:
        """Its name on the rows, while it runs."""
        wait_until(lambda: self.rounds is not None or self.error is not None)
        assert self.rounds is not None, f"the worker ended with {self.error!r}"
        owner: str = self.rounds.claims.owner
        return owner

    @property
    def rounds(self) -> Any:
        """What it works with, while it runs."""
        return self.subscriber._worker.rounds

    def owns(self) -> list[int]:
        """The shards that the database says are its own, their leases not run out."""
        owner = self.owner
        return [row.shard for row in rows(self.store) if row.is_owned and row.owner == owner]

    def wait_for_shards(self, count: int) -> None:
        """Wait until it owns so many."""
        wait_until(lambda: len(self.owns()) == count)

    def hang(self, store: EventStore) -> None:
        """Run, and hang in the handler of an event that is appended for that."""
        if not self.is_running:
            self.start()
        wait_until(self.owns)
        self.handling.hold()
        append(store, "a")
        wait_until(lambda: self.handling.is_held)

    def stop(self) -> None:
        """Stop and wait for the end; raises what `run` raised."""
        self.handling.let_go()
        self.subscriber.stop()
        if self._thread is not None:
            self._thread.join(DEADLINE)
            assert not self.is_running, "the worker did not stop"
        if self.error is not None:
            raise self.error


@define
class Crew:
    """Makes workers; at the end all are stopped and their stores closed."""

    database: URL | Engine
    #: Of all workers, in order of their ends.
    handled: list[Handled] = field(factory=list[Handled])
    members: list[Member] = field(factory=list[Member])

    def hire(
        self,
        work: Work | None = None,
        *,
        late_work: Work | None = None,
        database: URL | Engine | None = None,
        **options: Any,
    ) -> Member:
        """Make one more worker; it does not run yet."""
        store = EventStore(database or self.database)
        handling = Handling(f"worker {len(self.members)}", self.handled, work, late_work)
        subscriber = Subscriber(store, CREW, handling, events=Happened, **{**SHORT, **options})
        self.members.append(Member(store, handling, subscriber))
        return self.members[-1]

    def close(self) -> None:
        """Let all go home."""
        for member in self.members:
            member.handling.let_go()
            member.subscriber.stop()
        for member in self.members:
            with suppress(BaseException):
                member.stop()
            member.store.close()


@contextmanager
def crew_of(database: URL | Engine) -> Generator[Crew]:
    """A crew for one block."""
    crew = Crew(database)
    try:
        yield crew
    finally:
        crew.close()
