"""One log's rows: appending under the ordering rule, and reading pages behind it."""

from sourcery.log.append import append, is_lost, stored_by, translated
from sourcery.log.conflict import explain_conflict, stale
from sourcery.log.read import PAGE, Query, page, position_at

__all__ = [
    "PAGE",
    "Query",
    "append",
    "explain_conflict",
    "is_lost",
    "page",
    "position_at",
    "stale",
    "stored_by",
    "translated",
]
