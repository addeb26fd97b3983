"""What a scenario works with, and the list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal

from attrs import frozen
from sqlalchemy import URL, text

from benchmarks import raw
from benchmarks.domain import Notes, noted
from benchmarks.race import Race, Repeats, Result, Target, run
from benchmarks.raw import Raw
from sourcery import Codec, EventStore, Stream

Size = Literal["tiny", "quick", "normal", "full"]
FILL: Final = 1000


@frozen(kw_only=True, eq=False)
class Bench:
    """One database that is empty but for our tables, both sides of it, and how much is done."""

    url: URL
    store: EventStore
    raw: Raw
    size: Size
    repeats: int

    @property
    def family(self) -> str:
        return self.url.get_backend_name()

    @property
    def address(self) -> str:
        """The URL with its password, for another process."""
        return self.url.render_as_string(hide_password=False)

    def of(self, quick: int, normal: int, full: int | None = None) -> int:
        """A number by the size of this run."""
        full = normal if full is None else full
        sizes = {"tiny": max(1, quick // 10), "quick": quick, "normal": normal, "full": full}
        return sizes[self.size]

    def fill(self, streams: Sequence[Stream], events: int, after: int = 0) -> None:
        """So many events for each stream, past the library and as fast as that goes."""
        for chunk in range(0, len(streams), max(1, FILL // events)):
            self.raw.begin()
            rows = [
                row
                for stream in streams[chunk : chunk + max(1, FILL // events)]
                for row in self.raw.rows(stream, after, map(noted, range(events)))
            ]
            self.raw.insert(rows)
            self.raw.commit()

    def analyse(self) -> None:
        """Let the database count what it has, as it would by itself after a while."""
        names = {"postgresql": "vacuum analyze", "sqlite": "analyze", "mysql": "analyze table"}
        with self.store.engine.connect().execution_options(**self._single) as connection:
            connection.execute(text(f"{names[self.family]} sourcery_events"))

    @property
    def _single(self) -> dict[str, str]:
        return {"isolation_level": "AUTOCOMMIT"} if self.family == "postgresql" else {}

    def count(self, category: str) -> int:
        """Stored events of a category."""
        with self.store.engine.connect() as connection:
            found = text("select count(*) from sourcery_events where category = :category")
            return int(connection.execute(found, {"category": category}).scalar_one())

    def events(self) -> int:
        """Stored events of all categories."""
        with self.store.engine.connect() as connection:
            found = connection.execute(text("select count(*) from sourcery_events"))
            return int(found.scalar_one())

    def race(self, race: Race) -> Repeats:
        return run(race, self.repeats)


@frozen(kw_only=True)
class Scenario:
    """Something that is measured."""

    name: str
    run: Callable[[Bench], Sequence[Result]]
    target: Target | None = None
    #: Databases on which it can be measured; none named is all.
    families: tuple[str, ...] = ()


@contextmanager
def opened(url: URL, size: Size, repeats: int, codec: Codec | None = None) -> Iterator[Bench]:
    """Both sides of a database, which gets our tables if it has none."""
    with EventStore(url, aggregates=[Notes], codec=codec) as store:
        store.upgrade()
        driver = raw.connect(url)
        try:
            _make_checkpoint(store)
            yield Bench(url=url, store=store, raw=driver, size=size, repeats=repeats)
        finally:
            driver.close()


def _make_checkpoint(store: EventStore) -> None:
    """A table as simple as the one that somebody would write by hand."""
    table = "bench_checkpoint (name varchar(20) primary key, position bigint not null)"
    with store.engine.begin() as connection:
        connection.execute(text(f"create table if not exists {table}"))
        connection.execute(text("delete from bench_checkpoint"))
        connection.execute(text("insert into bench_checkpoint values ('bench', 0)"))
