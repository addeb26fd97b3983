"""A long stream that is loaded from a snapshot, and what is read then.

python -m examples.snapshotting
"""

from attrs import define, frozen

from sourcery import (
    Aggregate,
    EventStore,
    UnitOfWork,
    delete_snapshots,
    event,
    every,
    stored_snapshots,
)


@event("loyalty.earned")
@frozen
class Earned:
    """Points came in."""

    points: int


@define
class Loyalty(Aggregate[Earned], category="loyalty", snapshot=every(100)):
    """Points of one customer; a snapshot is due a hundred events after the last."""

    points: int = 0

    def earn(self, points: int) -> None:
        """Count."""
        self.record(Earned(points))

    def apply(self, event: Earned) -> None:
        """Evolve."""
        self.points += event.points


def earn(store: EventStore, times: int) -> None:
    """So many events in one unit of work."""
    with UnitOfWork(store) as uow:
        loyalty = uow.get_or_create(Loyalty, "ada")
        for _ in range(times):
            loyalty.earn(1)


def shown(store: EventStore) -> str:
    """The snapshots, and the state."""
    versions = [snapshot.version for snapshot in stored_snapshots(store)]
    with UnitOfWork(store) as uow:
        return f"snapshots at {versions}, points {uow.get(Loyalty, 'ada').points}"


def main(url: str = "sqlite://") -> None:
    """Before one is due, when one is, and after all are gone: the state is the same."""
    with EventStore(url, aggregates=[Loyalty]) as store:
        store.upgrade()
        for times in (99, 1, 150):
            earn(store, times)
            print(shown(store))
        delete_snapshots(store)
        print(shown(store))


if __name__ == "__main__":
    main()
