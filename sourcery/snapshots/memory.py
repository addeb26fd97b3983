"""Snapshots in the memory of this process: fast, bounded, gone at its end."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from attrs import evolve
from sqlalchemy import Connection

from sourcery.dialects import Dialect
from sourcery.errors import InvalidArgument
from sourcery.snapshots.contract import Found, Key, Snapshot

#: Snapshots that are kept, of those used last.
KEPT: Final = 10_000


class MemorySnapshots:
    """Keeps the states that were used last, for one store object. It reads no database."""

    def __init__(self, kept: int = KEPT) -> None:
        if not _is_count(kept):
            raise InvalidArgument("kept", "must be a whole number of snapshots from 1")
        self._kept = kept
        self._snapshots: OrderedDict[Key, Snapshot] = OrderedDict()
        self._lock = Lock()

    def find(self, connection: Connection, dialect: Dialect, key: Key) -> Found:
        """The one of the key; all others are of the same release."""
        with self._lock:
            snapshot = self._snapshots.get(key)
            if snapshot is not None:
                self._snapshots.move_to_end(key)
        return Found(snapshot=snapshot)

    def offer(self, connection: Connection, dialect: Dialect, snapshot: Snapshot) -> bool:
        """Keep it if it is newer; the one that was not used for longest goes."""
        with self._lock:
            known = self._snapshots.get(snapshot.key)
            if known is not None and known.version >= snapshot.version:
                return False
            self._snapshots[snapshot.key] = evolve(snapshot, created_at=datetime.now(UTC))
            self._snapshots.move_to_end(snapshot.key)
            if len(self._snapshots) > self._kept:
                self._snapshots.popitem(last=False)
        return True

    def remove(self, connection: Connection, dialect: Dialect, snapshot: Snapshot) -> None:
        """Forget exactly this one."""
        with self._lock:
            known = self._snapshots.get(snapshot.key)
            if known is not None and known.last_event_id == snapshot.last_event_id:
                del self._snapshots[snapshot.key]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
