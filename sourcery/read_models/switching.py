"""Which version readers are given: looked up, switched, switched back."""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import Connection

from sourcery.consumers import LetterStatus, rows_of
from sourcery.control import Consumer
from sourcery.control.holding import LONGEST_HOLD
from sourcery.control.looking import rows_now
from sourcery.errors import ConsumerNotFound, ReadModelRefused, WaitTimeout
from sourcery.read_models.making import check
from sourcery.read_models.version import Version
from sourcery.serving import Serving, serve, serving_version
from sourcery.upgrade import exclusively

_SWITCH: Final = "switch"
_ROLL_BACK: Final = "switch back"
#: Seconds after which to look again whether somebody runs it.
_TURN: Final = 0.2


def switch(version: Version, timeout: float, *, allow_skipped: bool) -> int | None:
    """Let a version serve that has handled everything until now. Commits."""
    try:
        _catch_up(version, timeout)
    except ConsumerNotFound:
        raise _refused(version, _SWITCH, "it was never built: build() it first") from None
    except WaitTimeout as error:
        problem = f"it is at position {error.reached} of {error.needed}{_held(version)}"
        raise _refused(version, _SWITCH, f"{problem}: build() it first") from error
    if not allow_skipped:
        _refuse_skipped(version)
    before: list[int | None] = []

    def work(connection: Connection) -> None:
        seen = serving_version(connection, version.name)
        _insist_on(connection, version, version.number, _SWITCH)
        check(connection, version)
        before[:] = [seen.version if seen else None]
        if seen is None or seen.version != version.number:
            _serve(connection, version, version.number, seen, _SWITCH)

    exclusively(version.store.engine, work)
    version.store.database.committed()
    return before[0]


def _catch_up(version: Version, timeout: float) -> None:
    """Wait for everything until now, or handle it. Raises `ConsumerFailed` and `WaitTimeout`."""
    consumer, token = Consumer(version.store, version.consumer), version.store.now()
    deadline = time.monotonic() + timeout
    while True:
        rows = rows_now(version.store.database, version.consumer)
        if any(row.position < token.last and not row.is_owned for row in rows):
            version.subscriber.run_once()
        left = max(0.0, deadline - time.monotonic())
        try:
            return consumer.wait_for(token, min(left, _TURN))
        except WaitTimeout:
            if left == 0:
                raise


def _held(version: Version) -> str:
    """Why it does not go on, if it is held."""
    rows = rows_now(version.store.database, version.consumer)
    if all(row.hold_at is None for row in rows):
        return ""
    return f", held by a comparison that runs or was killed, for at most {LONGEST_HOLD:g} seconds"


def _refuse_skipped(version: Version) -> None:
    """Its policy passed over events, of which readers would miss what the version before has."""
    letters = Consumer(version.store, version.consumer).letters()
    skipped = [letter.position for letter in letters if letter.status is LetterStatus.SKIPPED]
    if skipped:
        problem = f"it skipped {len(skipped)} events, the first at position {skipped[0]}"
        remedy = "mend its handler and build it again, or say allow_skipped=True"
        raise _refused(version, _SWITCH, f"{problem}: {remedy}")


def roll_back(version: Version) -> int:
    """Let the version before serve again, however far it is. Commits."""
    before: list[int] = []

    def work(connection: Connection) -> None:
        seen = serving_version(connection, version.name)
        if seen is None or seen.version != version.number:
            raise _refused(version, _ROLL_BACK, "it does not serve")
        if seen.previous is None:
            raise _refused(version, _ROLL_BACK, "no version served before, or it was dropped")
        _insist_on(connection, version, seen.previous, _ROLL_BACK)
        _serve(connection, version, seen.previous, seen, _ROLL_BACK)
        before[:] = [seen.previous]

    exclusively(version.store.engine, work)
    version.store.database.committed()
    return before[0]


def _insist_on(connection: Connection, version: Version, number: int, what: str) -> None:
    """Somebody may have dropped it meanwhile."""
    consumer = f"{version.name}@{number}"
    if not rows_of(connection, version.store.database.dialect, consumer):
        raise _refused(version, what, f"version {number} was dropped")


def _serve(
    connection: Connection, version: Version, number: int, seen: Serving | None, what: str
) -> None:
    dialect = version.store.database.dialect
    if not serve(connection, dialect, version.name, number, seen):
        raise _refused(version, what, "another switch was first: look which version serves")


def _refused(version: Version, what: str, problem: str) -> ReadModelRefused:
    return ReadModelRefused(version.name, version.number, what, problem)
