"""Turns of a relay's topic: letters that are due, and pages of messages."""

from __future__ import annotations

from attrs import frozen

from sourcery.relay.blocked import Blocked
from sourcery.relay.desk import Desk
from sourcery.relay.giving_up import Judge
from sourcery.relay.pages import RelayPages
from sourcery.relay.parcels import Parcels
from sourcery.relay.sender import Sender
from sourcery.worker import Job
from sourcery.worker.checkpoints import Checkpoints
from sourcery.worker.means import Means
from sourcery.worker.shard import Shard


@frozen(eq=False)
class Sending:
    """What is sent, and by whom."""

    parcels: Parcels
    sender: Sender

    def __call__(self, job: Job, means: Means) -> RelayTurns:
        """Ready to work."""
        checkpoints = Checkpoints(job, means.link, means.clock)
        judge = Judge(job.settings.policy)
        desk = Desk(job, self.parcels, self.sender, judge, checkpoints, means)
        return RelayTurns(Blocked(desk), RelayPages(desk))


@frozen(eq=False)
class RelayTurns:
    """At each turn the first letter that is due, and a page."""

    blocked: Blocked
    pages: RelayPages

    def turn(self, shard: Shard, *, force: bool) -> bool:
        """Whether to go on at once."""
        self.pages.desk.sender.catching_up = not shard.caught_up
        return self.blocked.turn(shard) | self.pages.turn(shard, force=force)
