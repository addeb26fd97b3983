"""How long the outbox keeps what was sent: below all cursors of a topic, and older than that."""

from sourcery.retention.cursors import Cursors, cursors
from sourcery.retention.purge import KEPT, Purged, check_age, purge_outbox

__all__ = ["KEPT", "Cursors", "Purged", "check_age", "cursors", "purge_outbox"]
