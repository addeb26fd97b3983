"""What a place for snapshots must do."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID

from attrs import field, frozen
from sqlalchemy import Connection

from sourcery.dialects import Dialect


@frozen
class Key:
    """Whose state it is, and in which shape."""

    #: `aggregate:` and a category, or `projection:` and a name.
    owner_kind: str
    #: Stream id, or instance; empty for a single projection.
    owner_id: str
    #: Version and fingerprint of the class.
    schema_tag: str


@frozen(kw_only=True)
class Snapshot:
    """A state as it is stored."""

    key: Key
    #: Version of the stream, or position of the log, that everything is folded in up to.
    version: int
    #: Id of the event there.
    last_event_id: UUID
    #: How `state` is coded.
    codec: str
    state: bytes = field(repr=False)
    #: The database's clock; None before it is stored.
    created_at: datetime | None = None


@frozen(kw_only=True)
class Found:
    """What there is of an owner."""

    #: The one with the tag that was asked for.
    snapshot: Snapshot | None = None
    #: Tags of its other ones, which other releases wrote.
    other_tags: tuple[str, ...] = ()


class SnapshotStore(Protocol):
    """Keeps the newest snapshot per key. Whatever it loses costs a longer load, nothing else.

    It is used by many threads. The connection is one of the event store's database; whoever
    keeps snapshots elsewhere need not use it. Nothing commits.
    """

    def find(self, connection: Connection, dialect: Dialect, key: Key) -> Found:
        """What is stored for the owner."""
        ...

    def offer(self, connection: Connection, dialect: Dialect, snapshot: Snapshot) -> bool:
        """Keep it unless one of this version, or a later one, is there; whether it was kept."""
        ...

    def remove(self, connection: Connection, dialect: Dialect, snapshot: Snapshot) -> None:
        """Delete exactly this one, which is of no use; a later one of the key stays."""
        ...


class NoSnapshots:
    """Keeps none."""

    def find(self, connection: Connection, dialect: Dialect, key: Key) -> Found:
        """Nothing."""
        return Found()

    def offer(self, connection: Connection, dialect: Dialect, snapshot: Snapshot) -> bool:
        """Decline."""
        return False

    def remove(self, connection: Connection, dialect: Dialect, snapshot: Snapshot) -> None:
        """There is none."""
