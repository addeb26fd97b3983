"""Two writers of one stream: the second is told, and decides again on fresh state.

python -m examples.optimistic_concurrency
"""

from concurrent.futures import ThreadPoolExecutor

from attrs import define, frozen

from sourcery import ANY, Aggregate, EventStore, Stream, UnitOfWork, event, execute, transact
from sourcery.errors import VersionConflict


@event("seat.reserved")
@frozen
class Reserved:
    """A seat is taken."""

    by: str


@frozen
class Reserve:
    """A command."""

    by: str


class SoldOut(Exception):
    """No seat is left."""


@define
class Show(Aggregate[Reserved], category="show"):
    """Three seats."""

    taken: int = 0

    def handle(self, command: Reserve) -> int:
        """Take a seat; its number."""
        if self.taken == 3:  # noqa: PLR2004 - said above
            raise SoldOut
        self.record(Reserved(command.by))
        return self.taken

    def apply(self, event: Reserved) -> None:
        """Evolve."""
        self.taken += 1


def conflict(store: EventStore) -> str:
    """Decide on version 0, and find version 1."""
    stream = Stream("show", "matinee")
    with UnitOfWork(store) as uow:
        uow.append(stream, [Reserved("ada")], expected=0)
    try:
        with UnitOfWork(store) as uow:
            uow.append(stream, [Reserved("bob")], expected=0)
    except VersionConflict as error:
        return f"expected {error.expected}, found {error.actual}"
    return "nobody noticed"


def reserve(store: EventStore, name: str) -> str:
    """Again and again until it is decided, whoever else is at it."""
    try:
        done = execute(store, Show, "evening", Reserve(name), attempts=20)
    except SoldOut:
        return "sold out"
    return f"seat {done.result}"


def main(url: str = "sqlite://") -> None:
    """A conflict by hand, then a crowd."""
    with EventStore(url, aggregates=[Show]) as store:
        store.upgrade()
        print(conflict(store))
        with ThreadPoolExecutor(6) as crowd:
            answers = crowd.map(lambda n: reserve(store, f"guest {n}"), range(6))
        print(", ".join(sorted(answers)))
        log = Stream("log", "door")  # an order nobody decides on needs no check
        transact(store, lambda uow: uow.append(log, [Reserved("whoever")], expected=ANY))


if __name__ == "__main__":
    main()
