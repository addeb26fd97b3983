"""Where a version stands before a deployment, and how long its build will take."""

from __future__ import annotations

import time
from contextlib import suppress

from attrs import frozen

from sourcery.consumers import rows_of
from sourcery.control.looking import rows_now
from sourcery.errors import ConsumerMismatch, ReadModelDamaged, ReadModelMismatch, WaitTimeout
from sourcery.read_models import making
from sourcery.read_models.version import Version
from sourcery.serving import serving_version


@frozen(kw_only=True)
class Standing:
    """What the database knows of a version."""

    name: str
    version: int
    #: The version that readers are given; None before the first switch.
    serving: int | None
    #: Whether it was ever run: else it must be built.
    is_begun: bool
    #: All up to here is handled; where the log is settled.
    position: int
    settled: int
    #: Why it cannot go on as the program declares it.
    problem: str | None

    @property
    def needs_build(self) -> bool:
        """Whether a build must come before readers can be given it."""
        return not self.is_begun or self.problem is not None


def standing(version: Version) -> Standing:
    """Look; only reads."""
    database = version.store.database
    settled = version.store.settled()
    with database.reading() as connection:
        rows = rows_of(connection, database.dialect, version.consumer)
        serving = serving_version(connection, version.name)
    return Standing(
        name=version.name,
        version=version.number,
        serving=serving.version if serving else None,
        is_begun=bool(rows),
        position=min((row.position for row in rows), default=0),
        settled=settled,
        problem=_problem(version) if rows else None,
    )


def _problem(version: Version) -> str | None:
    try:
        version.subscriber.check()
        with version.store.database.reading() as connection:
            making.check(connection, version)
    except (ConsumerMismatch, ReadModelDamaged, ReadModelMismatch) as error:
        return str(error)
    return None


@frozen(kw_only=True)
class Rehearsal:
    """A build that was begun, measured and thrown away."""

    #: Positions that were handled or passed over, and how long that took.
    positions: int
    seconds: float
    settled: int

    @property
    def seconds_in_all(self) -> float | None:
        """For the whole log, at this rate; None when nothing was handled in time."""
        if not self.settled:
            return 0.0
        return self.settled * self.seconds / self.positions if self.positions else None


def rehearse(copy: Version, seconds: float) -> Rehearsal:
    """Build a copy for a while, and leave nothing behind. Raises `ConsumerFailed`."""
    making.drop(copy)  # what a process that ended has left
    try:
        making.prepare(copy)
        settled, began = copy.store.settled(), time.monotonic()
        with suppress(WaitTimeout):
            copy.subscriber.drain(seconds)
        took = time.monotonic() - began
        rows = rows_now(copy.store.database, copy.consumer)
        positions = min(settled, *[row.position for row in rows])
        return Rehearsal(positions=positions, seconds=took, settled=settled)
    finally:
        making.drop(copy)
