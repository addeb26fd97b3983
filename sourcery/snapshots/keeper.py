"""The snapshots of one store: where they are, how states are packed, what was said of bad ones."""

from __future__ import annotations

import logging
from typing import Any, Final
from uuid import UUID

from attrs import frozen
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sourcery.dialects import Dialect
from sourcery.policy import Policy
from sourcery.snapshots.contract import Found, Key, Snapshot, SnapshotStore
from sourcery.snapshots.packing import CodecUnknown, Packing
from sourcery.snapshots.slot import Slot, slot_of
from sourcery.snapshots.sql import SqlSnapshots

logger: logging.Logger = logging.getLogger("sourcery.snapshots")

#: Complaints that are remembered, so that each is made once.
_REMEMBERED: Final = 10_000


@frozen(kw_only=True)
class Usable:
    """A snapshot that could be decoded. Whether its last event is there is not known yet."""

    snapshot: Snapshot
    state: Any


class Keeper:
    """Finds and offers snapshots. Used by all threads of a store."""

    def __init__(self, store: SnapshotStore, policy: Policy | None) -> None:
        self._store = store
        self._policy = policy
        self._packing = Packing()
        self._slots: dict[type[Any], Slot | None] = {}
        self._said: set[tuple[str, str]] = set()

    @property
    def in_database(self) -> bool:
        """Whether they are in the table of ours."""
        return isinstance(self._store, SqlSnapshots)

    def slot(self, cls: type[Any]) -> Slot | None:
        """How snapshots of a class are kept; None when there is no policy for it.

        Raises `DefinitionError` for a class whose state could not be brought back.
        """
        if cls not in self._slots:
            slot = slot_of(cls, self._policy)
            if slot is not None:
                self._packing.check(cls)
            self._slots[cls] = slot
        return self._slots[cls]

    def find(
        self, connection: Connection, dialect: Dialect, slot: Slot, id: str
    ) -> tuple[Usable | None, Snapshot | None]:
        """The snapshot to begin from; or one that is of no use and should be removed."""
        key = slot.key(id)
        found = self._found(connection, dialect, key)
        if found.snapshot is None:
            if found.other_tags:
                text = "has snapshots of another shape of the class only"
                self.complain(key, text, once_for=slot.owner_kind)
            return None, None
        return self._unpacked(slot, found.snapshot)

    def _found(self, connection: Connection, dialect: Dialect, key: Key) -> Found:
        try:
            return self._store.find(connection, dialect, key)
        except DBAPIError:  # of the transaction that the load is part of
            raise
        except Exception as error:  # noqa: BLE001 - a place elsewhere that is not there just now
            self.complain(key, f"could not be asked for a snapshot ({type(error).__name__})")
            return Found()

    def _unpacked(self, slot: Slot, snapshot: Snapshot) -> tuple[Usable | None, Snapshot | None]:
        if snapshot.version < 1:
            self.complain(snapshot.key, f"has a snapshot of version {snapshot.version}")
            return None, snapshot
        try:
            state = self._packing.unpack(slot.cls, snapshot.codec, snapshot.state)
        except CodecUnknown:
            text = f"has a snapshot coded by {snapshot.codec!a}, which this process cannot read"
            self.complain(snapshot.key, text, once_for=snapshot.codec)
            return None, None
        except Exception as error:  # noqa: BLE001 - all that can be wrong with stored bytes
            self.complain(snapshot.key, f"has a snapshot that is damaged ({type(error).__name__})")
            return None, snapshot
        return Usable(snapshot=snapshot, state=state), None

    def pack(self, slot: Slot, id: str, version: int, last_event_id: UUID, state: Any) -> Snapshot:
        """A snapshot to offer. Raises `EncodeError` for a state that would come back changed."""
        codec, data = self._packing.pack(state)
        return Snapshot(
            key=slot.key(id), version=version, last_event_id=last_event_id, codec=codec, state=data
        )

    def offer(self, connection: Connection, dialect: Dialect, snapshot: Snapshot) -> bool:
        """Store it if it is newer than the stored one; whether it was. Does not commit."""
        return self._store.offer(connection, dialect, snapshot)

    def remove(self, connection: Connection, dialect: Dialect, snapshot: Snapshot) -> None:
        """Delete one that is of no use. Does not commit."""
        self._store.remove(connection, dialect, snapshot)

    def complain(self, key: Key, problem: str, once_for: str | None = None) -> None:
        """Say once that a snapshot is not used; everything is replayed instead."""
        said = (once_for or f"{key.owner_kind} {key.owner_id}", problem)
        if said in self._said:
            return
        if len(self._said) >= _REMEMBERED:
            self._said.clear()
        self._said.add(said)
        text = "%s %a %s (tag %s): all its events are replayed, and another one is offered"
        extra = {"owner_kind": key.owner_kind, "owner_id": key.owner_id}
        logger.warning(text, key.owner_kind, key.owner_id, problem, key.schema_tag, extra=extra)
