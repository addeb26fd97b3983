"""Turns of a consumer that calls a handler: letters that are due, and pages of events."""

from __future__ import annotations

from attrs import frozen

from sourcery.codec import Decoder
from sourcery.worker.checkpoints import Checkpoints
from sourcery.worker.delivery import Delivery
from sourcery.worker.failing import Failing
from sourcery.worker.job import Job
from sourcery.worker.means import Means
from sourcery.worker.pages import Pages
from sourcery.worker.retrying import Retrying
from sourcery.worker.shard import Shard


@frozen
class Handling:
    """A handler, and how it is called."""

    decoder: Decoder
    delivery: Delivery

    def __call__(self, job: Job, means: Means) -> HandlerTurns:
        """Ready to work."""
        checkpoints = Checkpoints(job, means.link, means.clock)
        failing = Failing(job, checkpoints, means.waiting)
        pages = Pages(
            job, checkpoints, failing, means.heartbeat, decoder=self.decoder, delivery=self.delivery
        )
        return HandlerTurns(pages, Retrying(pages))


@frozen(eq=False)
class HandlerTurns:
    """At each turn the first letter that is due, and a page."""

    pages: Pages
    retrying: Retrying

    def turn(self, shard: Shard, *, force: bool) -> bool:
        """Whether there was anything to handle."""
        return self.retrying.turn(shard) | self.pages.turn(shard, force=force)
