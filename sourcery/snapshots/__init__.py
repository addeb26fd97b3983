"""Snapshots: cached states of aggregates and projections. Always safe to delete.

A snapshot is found by its owner and its tag, which changes when the shape of the state does, so
that nothing is decoded that another release wrote. It holds the id of its last event, and is
used only when that event is still in its place.

Everything here takes a connection, executes and never commits.
"""

from sourcery.snapshots.contract import Found, Key, NoSnapshots, Snapshot, SnapshotStore
from sourcery.snapshots.inventory import Choice, StoredSnapshot
from sourcery.snapshots.keeper import Keeper
from sourcery.snapshots.memory import MemorySnapshots
from sourcery.snapshots.slot import Slot, owner_kind_of
from sourcery.snapshots.sql import SqlSnapshots

__all__ = [
    "Choice",
    "Found",
    "Keeper",
    "Key",
    "MemorySnapshots",
    "NoSnapshots",
    "Slot",
    "Snapshot",
    "SnapshotStore",
    "SqlSnapshots",
    "StoredSnapshot",
    "owner_kind_of",
]
