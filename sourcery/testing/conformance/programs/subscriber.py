"""A subscriber that dies at a moment: `python -m ...programs.subscriber MOMENT TIME SABOTAGE`."""

import sys

from sourcery import EventStore, Recorded, Subscriber, UnitOfWork
from sourcery.testing.conformance.crew.model import see
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.programs.death import Death
from sourcery.testing.conformance.programs.program import url_given
from sourcery.testing.conformance.programs.sabotage import SABOTAGES

NAME = "killed"
#: Seconds: each successor waits for its end.
LEASE = 0.4


def main(moment: str, time: str, sabotage: str) -> None:
    """Handle events until it is killed."""
    SABOTAGES[sabotage]()
    death = Death(moment, int(time))

    def handle(uow: UnitOfWork, recorded: Recorded[Happened]) -> None:
        death.at("begun")
        see(uow, recorded)
        death.at("done")

    with EventStore(url_given(), notify=False) as store:
        death.watch_commits(store.engine)
        Subscriber(store, NAME, handle, events=Happened, page=5, lease=LEASE).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
