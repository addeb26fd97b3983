"""Offers snapshots of one stream: `python -m ...programs.offerer NUMBER PROCESSES PLACE`."""

# It reaches inside, to look or to switch a safeguard off.
# pyright: reportPrivateUsage=false

import random
import sys
from typing import Any
from uuid import UUID

from sourcery import EventStore, SqlSnapshots
from sourcery.offering import Offer, offer
from sourcery.snapshots import Key, Snapshot, sql
from sourcery.snapshots.packing import JSON
from sourcery.testing.conformance.programs.program import url_given

KEY = Key("aggregate:tally", "t", "1-tag")
#: Of one process.
OFFERS = 25


class Careless(SqlSnapshots):
    """Overwrites whatever is there: `version <` is left out."""

    def offer(self, connection: Any, dialect: Any, snapshot: Snapshot) -> bool:
        values = sql._place(snapshot.key) | sql._new(dialect, snapshot) | {"than": 2**62}
        replaced = sql._replace(dialect).run(connection, values).rowcount
        return bool(replaced) or super().offer(connection, dialect, snapshot)


PLACES: Any = {"ours": SqlSnapshots, "careless": Careless}


def snapshot(version: int) -> Snapshot:
    """One whose every column tells its version."""
    state = b"%d" % version
    return Snapshot(
        key=KEY, version=version, last_event_id=UUID(int=version), codec=JSON, state=state
    )


def versions_of(number: int, processes: int) -> list[int]:
    """What a process offers, in its order; its newest is never the last."""
    *older, newest = range(number + 1, processes * OFFERS + 1, processes)
    random.Random(number).shuffle(older)
    older.insert(number % len(older), newest)
    return older


def main(number: str, processes: str, place: str) -> None:
    """Offer them, one by one, as units of work do, once there is a line to read."""
    with EventStore(url_given(), snapshot_store=PLACES[place]()) as store:
        store.database.start()
        print("ready", flush=True)  # noqa: T201 - whoever started it waits for that
        sys.stdin.readline()
        for version in versions_of(int(number), int(processes)):
            offer(store.database, store.keeper, [Offer(snapshot(version), None)])


if __name__ == "__main__":
    main(*sys.argv[1:])
