"""What is done to a store now and then, by a job or by hand: looked through, tidied, verified."""

from sourcery.upkeep.inbox import purge_inbox
from sourcery.upkeep.snapshots import delete_snapshots, stored_snapshots
from sourcery.upkeep.verifying import SnapshotCheck, verify_snapshots

__all__ = [
    "SnapshotCheck",
    "delete_snapshots",
    "purge_inbox",
    "stored_snapshots",
    "verify_snapshots",
]
