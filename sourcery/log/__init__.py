"""One log's rows: appending under the ordering rule, and reading pages behind it."""

from sourcery.log.append import append, is_lost, stored_by, translated
from sourcery.log.conflict import explain_conflict, stale
from sourcery.log.messages import MESSAGE_COLUMNS, MessageQuery, message_position_at
from sourcery.log.page import LogQuery, page
from sourcery.log.read import PAGE, Query, position_at

__all__ = [
    "MESSAGE_COLUMNS",
    "PAGE",
    "LogQuery",
    "MessageQuery",
    "Query",
    "append",
    "explain_conflict",
    "is_lost",
    "message_position_at",
    "page",
    "position_at",
    "stale",
    "stored_by",
    "translated",
]
