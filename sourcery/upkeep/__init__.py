"""What is done to a store now and then, by a job or by hand: looked through, tidied, verified."""

from sourcery.upkeep.checking import LogCheck, Problem, Trouble, verify_log
from sourcery.upkeep.exporting import Exported, export_events
from sourcery.upkeep.importing import compare_export, import_export
from sourcery.upkeep.inbox import purge_inbox
from sourcery.upkeep.kinds import KindCheck, StoredKind, check_kinds, stored_kinds
from sourcery.upkeep.snapshots import delete_snapshots, stored_snapshots
from sourcery.upkeep.state import SchemaState, check_store, schema_state
from sourcery.upkeep.stored import find_stored, follow_stored, stored_events
from sourcery.upkeep.tracing import Log, Traced, trace
from sourcery.upkeep.verifying import SnapshotCheck, verify_snapshots

__all__ = [
    "Exported",
    "KindCheck",
    "Log",
    "LogCheck",
    "Problem",
    "SchemaState",
    "SnapshotCheck",
    "StoredKind",
    "Traced",
    "Trouble",
    "check_kinds",
    "check_store",
    "compare_export",
    "delete_snapshots",
    "export_events",
    "find_stored",
    "follow_stored",
    "import_export",
    "purge_inbox",
    "schema_state",
    "stored_events",
    "stored_kinds",
    "stored_snapshots",
    "trace",
    "verify_log",
    "verify_snapshots",
]
