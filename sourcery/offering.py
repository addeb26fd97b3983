"""Offering snapshots after a commit: best effort, in statements of their own.

Nothing here makes a committed unit of work fail. Where the database can do that each statement
commits by itself, so that whoever is frozen in the middle leaves no lock behind.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import Connection

from sourcery.database import Database
from sourcery.errors import EncodeError
from sourcery.log import translated
from sourcery.policy import Facts
from sourcery.snapshots import Keeper, Slot, Snapshot

logger: logging.Logger = logging.getLogger("sourcery.snapshots")


@frozen(kw_only=True)
class Candidate:
    """A state that might be worth a snapshot."""

    slot: Slot
    id: str
    #: Looked at only when one is due.
    state: Any
    version: int
    last_event_id: UUID
    facts: Facts
    #: Take one whatever the policy says.
    asked: bool = False
    #: A stored snapshot that was of no use.
    useless: Snapshot | None = None


@frozen
class Offer:
    """What is to be stored, and what to be deleted."""

    snapshot: Snapshot | None
    useless: Snapshot | None


#: Whether the last event of a snapshot can be seen by others, so that it may be stored.
IsVisible = Callable[[Connection, Snapshot], bool]


def prepare(keeper: Keeper, candidates: Iterable[Candidate]) -> list[Offer]:
    """Serialise the states that are due, while nobody changes them. Never raises."""
    return [offer for offer in (_prepare(keeper, one) for one in candidates) if offer is not None]


def _prepare(keeper: Keeper, candidate: Candidate) -> Offer | None:
    snapshot = None
    try:
        if candidate.asked or candidate.slot.policy.is_due(candidate.facts):
            snapshot = _packed(keeper, candidate)
    except Exception as error:  # noqa: BLE001 - what is committed is committed, whoever failed
        key = candidate.slot.key(candidate.id)
        keeper.complain(key, f"had no snapshot taken ({type(error).__name__})")
    if snapshot is None and candidate.useless is None:
        return None
    return Offer(snapshot, candidate.useless)


def _packed(keeper: Keeper, candidate: Candidate) -> Snapshot | None:
    version, event_id = candidate.version, candidate.last_event_id
    try:
        return keeper.pack(candidate.slot, candidate.id, version, event_id, candidate.state)
    except EncodeError as error:
        key = candidate.slot.key(candidate.id)
        keeper.complain(key, f"has a state that cannot be stored: {error.path}: {error.problem}")
        return None


def offer(
    database: Database,
    keeper: Keeper,
    offers: Iterable[Offer],
    is_visible: IsVisible | None = None,
) -> int:
    """Store them; how many were. A failure is logged, never raised."""
    offers = list(offers)
    if not offers:
        return 0
    try:
        return _offer(database, keeper, offers, is_visible)
    except Exception as error:  # noqa: BLE001 - the unit is committed, and the next tries again
        name = type(error).__name__
        logger.warning("a snapshot could not be stored: %s", name, extra={"error_class": name})
        return 0


def _offer(
    database: Database, keeper: Keeper, offers: list[Offer], is_visible: IsVisible | None
) -> int:
    dialect, stored = database.dialect, 0
    with (
        translated(dialect),
        database.singly() as connection,
        dialect.brief_locks(connection),
        connection.begin(),
    ):
        dialect.begin(connection)
        for one in offers:
            if one.useless is not None:
                keeper.remove(connection, dialect, one.useless)
            snapshot = one.snapshot
            if snapshot and (is_visible is None or is_visible(connection, snapshot)):
                stored += keeper.offer(connection, dialect, snapshot)
    return stored
