"""What is done to a store now and then, by a job or by hand: looked through, tidied, verified."""

from sourcery.upkeep.inbox import purge_inbox
from sourcery.upkeep.snapshots import delete_snapshots, stored_snapshots
from sourcery.upkeep.state import SchemaState, check_store, schema_state
from sourcery.upkeep.stored import find_stored, follow_stored, stored_events
from sourcery.upkeep.verifying import SnapshotCheck, verify_snapshots

__all__ = [
    "SchemaState",
    "SnapshotCheck",
    "check_store",
    "delete_snapshots",
    "find_stored",
    "follow_stored",
    "purge_inbox",
    "schema_state",
    "stored_events",
    "stored_snapshots",
    "verify_snapshots",
]
