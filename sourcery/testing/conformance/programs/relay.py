"""A relay that dies at a moment: `python -m ...programs.relay MOMENT TIME HONESTY FILE`."""

import sys
from collections.abc import Callable, Sequence
from typing import Final

from sourcery import EventStore, Relay
from sourcery.messages import SENT, Message, Publisher, Result
from sourcery.publishers import FilePublisher
from sourcery.testing.conformance.programs.death import Death
from sourcery.testing.conformance.programs.program import url_given
from sourcery.testing.conformance.relays import TOPIC

#: Seconds: each successor waits for the end of the lease, which is longer than the time-out.
LEASE: Final = 0.4
TIMEOUT: Final = 0.1


class Dying(Publisher):
    """Passes on to a file, and dies before or after."""

    timeout = TIMEOUT

    def __init__(self, death: Death, path: str) -> None:
        self.death = death
        self.file: FilePublisher = FilePublisher(path)

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        self.death.at("begun")
        results = self.file.publish(batch)
        self.death.at("done")
        return results


class Hasty(Dying):
    """Says "sent" of what it sends at the next call: the test of the test."""

    _kept: Sequence[Message] = ()

    def publish(self, batch: Sequence[Message]) -> Sequence[Result]:
        super().publish(self._kept)
        self._kept = batch
        return [SENT] * len(batch)


PUBLISHERS: Final[dict[str, Callable[[Death, str], Publisher]]] = {"honest": Dying, "hasty": Hasty}


def main(moment: str, time: str, honesty: str, path: str) -> None:
    """Send messages until it is killed."""
    death = Death(moment, int(time))
    with EventStore(url_given(), notify=False) as store:
        death.watch_commits(store.engine)
        publisher = PUBLISHERS[honesty](death, path)
        Relay(store, publisher, topics=[TOPIC], page=10, lease=LEASE).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
